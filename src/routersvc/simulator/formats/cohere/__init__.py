"""Cohere's Chat API, as the simulator serves it."""
