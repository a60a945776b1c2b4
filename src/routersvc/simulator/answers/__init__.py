"""Completion requests and answers without any vendor's format, and the text of the answers."""
