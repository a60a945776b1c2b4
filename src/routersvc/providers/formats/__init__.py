"""The wire formats, one folder for each."""
