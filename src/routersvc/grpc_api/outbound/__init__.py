"""Conversion of domain values to protobuf responses."""
