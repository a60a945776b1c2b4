"""What the reliability layer costs for a call in which nothing goes wrong."""
