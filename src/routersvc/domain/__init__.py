"""Values and pure rules: synchronous, told the time, free of I/O."""
