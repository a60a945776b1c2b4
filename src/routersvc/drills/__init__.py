"""Drills: the real router against simulated deployments with planned faults, in virtual time."""
