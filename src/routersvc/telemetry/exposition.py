"""Serves `GET /metrics` for Prometheus on a listener of its own.

Runs on the event loop that also serves calls, not in a thread: a thread that renders holds the
interpreter lock for 5 ms at a time, while here calls run after every metric family. Supports the
text format and OpenMetrics, selected by the `Accept` header.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from aiohttp import hdrs, web
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from routersvc.telemetry.http_serving import serve_http
from routersvc.telemetry.options import MetricsOptions

_OPEN_METRICS_END = b"# EOF\n"


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


def serve_metrics(
    options: MetricsOptions, registry: CollectorRegistry
) -> contextlib.AbstractAsyncContextManager[tuple[str, int]]:
    """Serve `registry` while the context is open; yield the bound address.

    Raises:
        OSError: the address cannot be bound.
    """

    async def metrics(request: web.Request) -> web.Response:
        accept = ",".join(request.headers.getall(hdrs.ACCEPT, []))
        body, content_type = await render(registry, accept)
        response = web.Response(body=body, headers={hdrs.CONTENT_TYPE: content_type})
        response.enable_compression()
        return response

    return serve_http({"/metrics": metrics}, options.host, options.port)
