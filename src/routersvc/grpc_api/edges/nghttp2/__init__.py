"""A gRPC server in an asyncio protocol over libnghttp2, which frames HTTP/2 and does no I/O."""
