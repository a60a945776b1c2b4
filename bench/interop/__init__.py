"""gRPC's own soak tests against a service behind the router's interceptors."""
