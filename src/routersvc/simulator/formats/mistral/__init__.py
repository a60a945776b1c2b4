"""Mistral's chat API, as the simulator serves it."""
