"""The configuration: its schema, its checks, its secrets, and the values made of it."""
