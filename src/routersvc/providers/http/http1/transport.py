"""The default transport: httpx's transport interface over HTTP/1.1 connections of our own.

Any `httpx.AsyncBaseTransport` can replace it. `httpx.AsyncClient` is not used. See
`docs/decisions/0002-upstream-transport.md`.

Left out on purpose: cookies, redirects (a redirect must never carry a credential away),
a queue for connections (a full pool refuses at once, so that the request goes elsewhere), and every
timeout but the one for connecting, which the request's `extensions["timeout"]` gives.
"""

from __future__ import annotations

import asyncio

import httpx

from routersvc.providers.http.http1.content_codings import UnpackedStream
from routersvc.providers.http.http1.exchanges import Exchange, Headers
from routersvc.providers.http.http1.pool import ConnectionPool
from routersvc.providers.http.http1.requests import Origin, Targets, request_head
from routersvc.providers.http.transports import (
    ConnectionCounts,
    ProviderTransport,
    TransportOptions,
)

_IDEMPOTENT = frozenset({"GET", "HEAD"})
_STALE = (httpx.ReadError, httpx.RemoteProtocolError)


class Http1Transport(ProviderTransport):
    """Connections to one provider, made in the running loop when the first request comes."""

    def __init__(self, options: TransportOptions) -> None:
        self._options = options
        self._targets = Targets(absolute=options.proxy is not None)
        self._proxy_headers = (
            []
            if options.proxy is None
            else [
                (name.encode("ascii"), value.encode("latin-1"))
                for name, value in options.proxy.headers.items()
            ]
        )
        self._pool: ConnectionPool | None = None
        self._closed = False

    @property
    def connections(self) -> ConnectionCounts:
        """How many connections there are now."""
        if self._pool is None:
            return ConnectionCounts(in_use=0, lingering=0, idle=0)
        return self._pool.counts

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return the response as soon as its head has come.

        `request.extensions["connection_was_idle"]` tells afterwards whether it went out on a
        connection that had been used before.

        Raises:
            httpx.TransportError: no response came.
            httpx.DecodingError: the response cannot be read.
        """
        if self._closed:
            raise httpx.PoolTimeout("the transport is closed", request=request)
        pool = self._pool
        if pool is None:
            pool = self._pool = ConnectionPool(self._options, asyncio.get_running_loop())
        target = self._targets.target_of(request.url)
        body = await _content(request)
        proxy_headers = self._proxy_headers if target.origin.scheme == "http" else ()
        head = request_head(request, target.path, body, proxy_headers)
        exchange = await _sent(pool, request, target.origin, head, body)
        return _response(exchange)

    async def aclose(self) -> None:
        """Abort running requests and close every connection."""
        self._closed = True
        if self._pool is not None:
            self._pool.close()


async def _sent(
    pool: ConnectionPool, request: httpx.Request, origin: Origin, head: bytes, body: bytes
) -> Exchange:
    """Return the exchange of a request whose answer has begun.

    A request without effects whose idle connection turns out to be closed goes out once more.
    """
    while True:
        if pool.is_full:
            raise httpx.PoolTimeout("every connection is in use", request=request)
        exchange = pool.new_exchange(request)
        try:
            connection = await pool.connection(request, origin)
            connection.send(exchange, head, body)
            await exchange.head()
        except _STALE:
            pool.released(exchange)
            may_repeat = request.method in _IDEMPOTENT and not pool.is_closed
            if not (may_repeat and request.extensions["connection_was_idle"]):
                raise
        except BaseException:
            pool.released(exchange)
            raise
        else:
            return exchange


def _response(exchange: Exchange) -> httpx.Response:
    """Return the answer of an exchange, with the content encoding undone."""
    headers = exchange.headers
    coding = _content_coding(headers)
    if not coding:
        return httpx.Response(status_code=exchange.status, headers=headers, stream=exchange)
    try:
        stream = UnpackedStream(exchange, coding, exchange.request)
    except httpx.DecodingError:
        exchange.abort()
        raise
    undone = (b"content-encoding", b"content-length")
    headers = [each for each in headers if each[0].lower() not in undone]
    return httpx.Response(status_code=exchange.status, headers=headers, stream=stream)


async def _content(request: httpx.Request) -> bytes:
    stream = request.stream
    return b"".join(stream) if isinstance(stream, httpx.SyncByteStream) else await request.aread()


def _content_coding(headers: Headers) -> str:
    """Return how the body is encoded, in lower case; empty where it is not."""
    codings = [
        coding
        for name, value in headers
        if len(name) == 16 and name.lower() == b"content-encoding"  # noqa: PLR2004 - its length
        if (coding := value.decode("latin-1").strip().lower()) not in {"", "identity"}
    ]
    return ", ".join(codings)
