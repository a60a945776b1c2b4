"""Hostile and careless callers against a running router, beside a quiet caller."""
