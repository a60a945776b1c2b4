"""Traces, metrics and logs of the router, none of which holds a prompt, an answer or a secret."""
