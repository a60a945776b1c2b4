"""Measurements of the service. Run from the root of the project: `python -m bench.overhead`."""
