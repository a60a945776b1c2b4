"""HTTP: connections, the transport, and one attempt over it."""
