"""Simulations of the real router in virtual time, whose tables stand in `bench/results`."""
