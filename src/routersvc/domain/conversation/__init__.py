"""Prompts and answers, independent of any wire format."""
