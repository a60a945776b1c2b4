"""Replays of recorded exchanges with providers through the adapters."""
