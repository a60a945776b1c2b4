"""Traces, metrics and logs of what the router does. Never holds a prompt, an answer or a secret."""
