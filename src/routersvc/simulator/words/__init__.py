"""The values the simulator is described in: faults, effects, distributions, characters."""
