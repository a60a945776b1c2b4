"""Reloads of the settings under load, half of them with broken files."""
