"""The decision log: every decision that has ended as one line of JSON in rotated files."""
