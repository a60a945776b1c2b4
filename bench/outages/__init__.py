"""Calls lost to one faulty primary while a healthy backup is idle, fault by fault."""
