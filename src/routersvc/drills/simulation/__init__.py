"""Runs a drill: callers, the real router and simulated deployments in virtual time."""
