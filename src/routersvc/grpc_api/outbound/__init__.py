"""Domain values converted to protobuf responses."""
