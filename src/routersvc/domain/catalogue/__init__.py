"""What can be called, by whom, and under which operator rules."""
