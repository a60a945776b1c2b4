"""Definitions of drills, written in code, read from a file or generated from a seed."""
