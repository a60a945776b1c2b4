"""Reads the texts of many events of a stream together."""
