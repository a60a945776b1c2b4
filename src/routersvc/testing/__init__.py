"""Test doubles for code that uses the router: scripted deployments and virtual time."""
