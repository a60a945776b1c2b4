"""How errors become gRPC statuses with details."""
