"""What the router understands of a request."""
