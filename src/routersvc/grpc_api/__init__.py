"""The gRPC edge: servicers, conversion, status mapping, health and reflection."""
