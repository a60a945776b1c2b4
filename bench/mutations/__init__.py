"""Turns single rules of the reliability layer around and asks whether a test notices."""
