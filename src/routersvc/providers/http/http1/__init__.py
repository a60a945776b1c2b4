"""The default transport: HTTP/1.1 in an `asyncio.Protocol`, parsed by llhttp."""
