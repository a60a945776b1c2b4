"""Mapping of errors to gRPC statuses with details."""
