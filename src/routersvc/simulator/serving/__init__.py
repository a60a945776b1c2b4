"""The HTTP servers: one provider, one exchange, and the delivery of its response."""
