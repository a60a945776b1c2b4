"""The command `demo`, in three processes: the simulator, the router, and this one with callers."""
