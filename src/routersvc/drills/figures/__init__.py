"""What happened in a drill, counted over its time."""
