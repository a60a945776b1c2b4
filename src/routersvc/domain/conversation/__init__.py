"""What is said to a model and by it, independent of any wire format."""
