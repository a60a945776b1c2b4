"""Which attempt of a request runs next: failover, retry, hedge, recovery."""
