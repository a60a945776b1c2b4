"""Recorded exchanges with providers, read through the adapters as if they happened now."""
