"""The overhead of the router over a direct call of a provider, in latency and CPU time."""
