"""Serves the read-only HTTP endpoints for operators, on the event loop that also serves calls."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable

from aiohttp import web

_CLOSE_TIMEOUT = 1.0
CONNECTION_TIME = 30.0
"""Seconds after which a connection is closed, whatever it has sent of a request: a client that
keeps its connections opens another one."""

Handler = Callable[[web.Request], Awaitable[web.Response]]


@contextlib.asynccontextmanager
async def serve_http(
    handlers: dict[str, Handler], host: str, port: int
) -> AsyncGenerator[tuple[str, int]]:
    """Serve `GET` of these paths while the context is open; yield the bound address.

    Raises:
        OSError: the address cannot be bound.
    """
    served: set[asyncio.Transport | None] = set()

    def counted(handle: Handler) -> Handler:
        async def handler(request: web.Request) -> web.Response:
            served.add(request.transport)
            try:
                return await handle(request)
            finally:
                served.discard(request.transport)

        return handler

    application = web.Application()
    for path, handle in handlers.items():
        application.router.add_get(path, counted(handle))
    runner = web.AppRunner(
        application, access_log=None, handle_signals=False, shutdown_timeout=_CLOSE_TIMEOUT
    )
    await runner.setup()
    loop = asyncio.get_running_loop()

    def connection() -> asyncio.Protocol:
        if runner.server is None:
            raise RuntimeError("the HTTP server is closed")
        handler = runner.server()
        loop.call_later(CONNECTION_TIME, end, handler)
        return handler

    def end(handler: web.RequestHandler) -> None:
        if handler.transport in served:
            handler.close()
        else:
            handler.force_close()

    try:
        server = await loop.create_server(connection, host, port)
        bound_host, bound_port = server.sockets[0].getsockname()[:2]
        try:
            yield bound_host, bound_port
        finally:
            server.close()
    finally:
        await runner.cleanup()
