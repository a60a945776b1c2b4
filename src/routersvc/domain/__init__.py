"""Values and pure rules: synchronous, without I/O or clocks; the time is an argument."""
