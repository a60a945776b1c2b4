"""The control API, the settings and the command of the simulator."""
