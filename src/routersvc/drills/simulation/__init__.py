"""Runs a drill: the real router in virtual time among simulated deployments."""
