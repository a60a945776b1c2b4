"""Protobuf requests converted to domain values, or refused by field."""
