"""The effect of failing providers on callers of the router, over real sockets and in real time."""
