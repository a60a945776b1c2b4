"""Holds the adapters to every recorded exchange there is."""
