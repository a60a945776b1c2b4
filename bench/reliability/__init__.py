"""The cost of the reliability layer for a call without failures."""
