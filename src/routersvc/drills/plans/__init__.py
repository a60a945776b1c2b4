"""What a drill consists of, read from a file or generated."""
