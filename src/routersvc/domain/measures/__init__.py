"""Counts and quantiles over sliding time windows."""
