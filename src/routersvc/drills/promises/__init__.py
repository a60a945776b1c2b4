"""Checks that the router keeps the promises of the design during a drill."""
