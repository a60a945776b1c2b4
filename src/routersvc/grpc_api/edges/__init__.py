"""The gRPC servers that can stand in front of the handlers: one port, two implementations."""
