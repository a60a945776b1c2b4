"""A transport on aiohttp, for those who want its HTTP client instead of this package's own.

It keeps the same promises as `http1.transport` and passes the same tests; it costs more CPU. See
`docs/decisions/0002-upstream-transport.md`.

Left out on purpose: cookies, redirects (a redirect must never carry a credential away),
a queue for connections (a full pool refuses at once, so that the request goes elsewhere), and every
timeout but the one for connecting, which the request's `extensions["timeout"]` gives.
"""

from __future__ import annotations

import asyncio
import io
import ssl
import sys
from collections.abc import Iterable

import aiohttp
import httpx
import yarl

from routersvc.providers.http.aiohttp_exceptions import exception_of_reading, exception_of_sending
from routersvc.providers.http.aiohttp_pool import EXCHANGE, Connector, Exchange
from routersvc.providers.http.transports import (
    LINGER_TIME,
    SMALL_BODY_BYTES,
    ConnectionCounts,
    LingeringStream,
    ProviderTransport,
    TransportOptions,
)

_LARGE_BODY_BYTES = 1024 * 1024
"""aiohttp wants larger bodies as a file, which it writes piece by piece."""

_TLS_ENDS_LATE = sys.version_info < (3, 12, 8) or (3, 13, 0) <= sys.version_info < (3, 13, 1)
"""Whether asyncio may leave closed TLS connections open (python/cpython#118960)."""


class AiohttpTransport(ProviderTransport):
    """Connections to one provider, made in the running loop when the first request comes."""

    def __init__(self, options: TransportOptions) -> None:
        self._options = options
        self._proxy = options.proxy
        self._session: aiohttp.ClientSession | None = None
        self._connector: Connector | None = None
        self._urls: dict[str, yarl.URL] = {}
        self._sending = 0
        self._bodies: set[_Body] = set()
        self._lingering: dict[_Body, asyncio.TimerHandle] = {}
        self._closed = False

    @property
    def connections(self) -> ConnectionCounts:
        """How many connections there are now."""
        return ConnectionCounts(
            in_use=self._sending + len(self._bodies),
            lingering=len(self._lingering),
            idle=0 if self._connector is None else self._connector.idle,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return the response as soon as its head has come.

        `request.extensions["connection_was_idle"]` tells afterwards whether it went out on a
        connection that had been used before.

        Raises:
            httpx.TransportError: no response came.
        """
        if self._closed:
            raise httpx.PoolTimeout("the transport is closed", request=request)
        if (
            self._sending + len(self._bodies) + len(self._lingering)
            >= self._options.max_connections
        ):
            raise httpx.PoolTimeout("every connection is in use", request=request)
        body = await _content(request)
        exchange = Exchange(is_small=len(body) <= SMALL_BODY_BYTES)
        token = EXCHANGE.set(exchange)
        self._sending += 1
        try:
            session = self._session or self._open_session()
            response = await session.request(
                request.method,
                self._url(request.url),
                data=io.BytesIO(body) if len(body) > _LARGE_BODY_BYTES else body or None,
                headers=[
                    *((k.decode("latin-1"), v.decode("latin-1")) for k, v in request.headers.raw),
                    *self._headers_of_proxy(request.url.scheme),
                ],
                allow_redirects=False,
                proxy=None if self._proxy is None else self._proxy.url,
                proxy_headers=None if self._proxy is None else self._proxy.headers,
                timeout=aiohttp.ClientTimeout(
                    connect=request.extensions.get("timeout", {}).get("connect")
                ),
            )
        except BaseException as error:
            exchange.abort()
            if isinstance(error, Exception):
                raise exception_of_sending(error, request) from error
            raise
        finally:
            self._sending -= 1
            request.extensions["connection_was_idle"] = exchange.was_idle
            EXCHANGE.reset(token)
        body_stream = _Body(response, exchange, request, self)
        self._bodies.add(body_stream)
        return httpx.Response(
            status_code=response.status, headers=_headers(response), stream=body_stream
        )

    async def aclose(self) -> None:
        """Abort running requests and close every connection."""
        self._closed = True
        for timer in self._lingering.values():
            timer.cancel()
        for body in (*self._lingering, *self._bodies):
            body.abort()
        self._lingering.clear()
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def released(self, body: _Body) -> None:
        """Forget a body that is no longer read. Idempotent."""
        self._bodies.discard(body)

    def keep_lingering(self, body: _Body) -> None:
        """Wait for the end of a body for a short while."""
        loop = asyncio.get_running_loop()
        self._lingering[body] = loop.call_later(LINGER_TIME, self._stop_lingering, body)

    def lingered(self, body: _Body) -> None:
        """Record that the end of a body has arrived."""
        timer = self._lingering.pop(body, None)
        if timer is not None:
            timer.cancel()

    def _stop_lingering(self, body: _Body) -> None:
        if self._lingering.pop(body, None) is not None:
            body.abort()

    def _headers_of_proxy(self, scheme: str) -> Iterable[tuple[str, str]]:
        """Return what a request needs that the proxy itself reads; with TLS, `CONNECT` has it."""
        return self._proxy.headers.items() if self._proxy is not None and scheme == "http" else ()

    def _url(self, url: httpx.URL) -> yarl.URL:
        text = str(url)
        known = self._urls.get(text)
        if known is None:
            if len(self._urls) >= 64:  # noqa: PLR2004 - a provider has a handful of addresses
                self._urls.clear()
            known = self._urls[text] = yarl.URL(text, encoded=True)
        return known

    def _open_session(self) -> aiohttp.ClientSession:
        self._connector = Connector(
            keepalive_timeout=self._options.keep_alive,
            max_age=self._options.max_age,
            ssl=self._tls(),
            enable_cleanup_closed=_TLS_ENDS_LATE,
        )
        self._session = aiohttp.ClientSession(
            connector=self._connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            timeout=aiohttp.ClientTimeout(),
        )
        return self._session

    def _tls(self) -> ssl.SSLContext | bool:
        options = self._options
        if options.verify_tls and options.ca_file is not None:
            return ssl.create_default_context(cafile=options.ca_file)
        return options.verify_tls


class _Body(LingeringStream):
    """The body of one response as it arrives; never cut into lines or held back."""

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        exchange: Exchange,
        request: httpx.Request,
        transport: AiohttpTransport,
    ) -> None:
        self._response = response
        self._content = response.content
        self._exchange = exchange
        self._request = request
        self._transport = transport

    def __aiter__(self) -> _Body:
        return self

    async def __anext__(self) -> bytes:
        try:
            if self._content._buffer:  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
                # More has come than was read: without a pause here, no other call has its turn.
                await asyncio.sleep(0)
            data = await self._content.readany()
        except BaseException as error:
            if not isinstance(error, Exception):
                self.abort()
                raise
            # What came before the error.
            data = self._content._read_nowait(-1)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
            if not data:
                self.abort()
                raise exception_of_reading(error, self._request) from error
            return data
        if not data:
            self._transport.released(self)
            self._exchange.end()
            raise StopAsyncIteration
        return data

    async def aclose(self) -> None:
        """Abort the response, unless its end has arrived."""
        self.abort()

    def linger(self) -> None:
        """Return the connection to the pool once the rest has arrived."""
        self._transport.released(self)
        if self._content.is_eof():
            self._exchange.end()
        elif self._content.exception() is not None:
            self.abort()
        else:
            self._transport.keep_lingering(self)
            self._content.on_eof(self._end)

    def abort(self) -> None:
        """Close the socket at once, unless the end of the body has come.

        Otherwise the connection is back in the pool, and may serve another request already.
        """
        self._transport.released(self)
        if self._content.is_eof():
            self._exchange.end()
        else:
            self._exchange.abort()
        self._response.close()

    def _end(self) -> None:
        self._transport.lingered(self)
        self._exchange.end()


async def _content(request: httpx.Request) -> bytes:
    stream = request.stream
    return b"".join(stream) if isinstance(stream, httpx.SyncByteStream) else await request.aread()


def _headers(response: aiohttp.ClientResponse) -> list[tuple[bytes, bytes]]:
    """Return the response's headers; those of an encoding that aiohttp has undone are left out."""
    raw = response.raw_headers
    if "content-encoding" in response.headers:
        undone = {b"content-encoding", b"content-length"}
        return [(name, value) for name, value in raw if name.lower() not in undone]
    return list(raw)
