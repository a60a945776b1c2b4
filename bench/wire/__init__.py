"""Checks the adapters against all recorded exchanges."""
