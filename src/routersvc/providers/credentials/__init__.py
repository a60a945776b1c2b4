"""Credentials of providers: keys, signatures, and tokens that are refreshed."""
