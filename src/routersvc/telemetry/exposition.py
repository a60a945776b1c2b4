"""Serves `GET /metrics` for Prometheus on a listener of its own.

Runs on the event loop that also serves calls, not in a thread: a thread that renders holds the
interpreter lock for 5 ms at a time, while here calls run after every metric family. Supports the
text format and OpenMetrics, selected by the `Accept` header.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterator

from aiohttp import hdrs, web
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from routersvc.telemetry.options import MetricsOptions

_OPEN_METRICS_END = b"# EOF\n"
_CLOSE_TIMEOUT = 1.0
CONNECTION_TIME = 30.0
"""Seconds after which a connection is closed, whatever it has sent of a request: a scraper that
keeps its connections opens another one."""


class _Family(Collector):
    """A family that is already collected."""

    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterator[Metric]:
        yield self._family


async def render(registry: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """Return all metrics of `registry` in a format for `accept`, and its content type."""
    encode, content_type = choose_encoder(accept)
    parts: list[bytes] = []
    end = b""
    for family in registry.collect():
        part = encode(_Family(family))
        if part.endswith(_OPEN_METRICS_END):
            end = _OPEN_METRICS_END
            part = part.removesuffix(_OPEN_METRICS_END)
        parts.append(part)
        await asyncio.sleep(0)
    return b"".join((*parts, end)), content_type


@contextlib.asynccontextmanager
async def serve_metrics(
    options: MetricsOptions, registry: CollectorRegistry
) -> AsyncGenerator[tuple[str, int]]:
    """Serve `registry` while the context is open; yield the bound address.

    Raises:
        OSError: the address cannot be bound.
    """
    served: set[asyncio.Transport | None] = set()

    async def metrics(request: web.Request) -> web.Response:
        accept = ",".join(request.headers.getall(hdrs.ACCEPT, []))
        served.add(request.transport)
        try:
            body, content_type = await render(registry, accept)
        finally:
            served.discard(request.transport)
        response = web.Response(body=body, headers={hdrs.CONTENT_TYPE: content_type})
        response.enable_compression()
        return response

    application = web.Application()
    application.router.add_get("/metrics", metrics)
    runner = web.AppRunner(
        application, access_log=None, handle_signals=False, shutdown_timeout=_CLOSE_TIMEOUT
    )
    await runner.setup()
    loop = asyncio.get_running_loop()

    def connection() -> asyncio.Protocol:
        if runner.server is None:
            raise RuntimeError("the server of metrics is closed")
        handler = runner.server()
        loop.call_later(CONNECTION_TIME, end, handler)
        return handler

    def end(handler: web.RequestHandler) -> None:
        if handler.transport in served:
            handler.close()
        else:
            handler.force_close()

    try:
        server = await loop.create_server(connection, options.host, options.port)
        host, port = server.sockets[0].getsockname()[:2]
        try:
            yield host, port
        finally:
            server.close()
    finally:
        await runner.cleanup()
