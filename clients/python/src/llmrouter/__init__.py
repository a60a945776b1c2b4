"""Clients of the router: one subpackage per version of its contract."""
