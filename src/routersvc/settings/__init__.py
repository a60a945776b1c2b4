"""The configuration: schema, checks, secrets, and the domain values made from it."""
