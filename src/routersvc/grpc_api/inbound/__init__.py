"""Conversion of protobuf requests to domain values."""
