"""A tunnel through an HTTP proxy: `CONNECT`, and the proxy's answer to it (RFC 9110, 9.3.6)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from routersvc.providers.http.http1.requests import Origin

MAX_ANSWER_BYTES = 32 * 1024
"""The largest head of a proxy's answer. Its body is not read: it is written for people."""

_SUCCESSES = range(200, 300)
_FIRST_FINAL = 200


class Tunnel(asyncio.Protocol):
    """The connection to the proxy, until the proxy has answered."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._answered: asyncio.Future[int] = loop.create_future()
        self._parser = HttpResponseParser(self)
        self._received = 0
        self._status = 0
        self._has_garbage = False

    async def open(
        self, transport: asyncio.WriteTransport, origin: Origin, headers: Mapping[str, str]
    ) -> None:
        """Ask the proxy for a connection to `origin`, and wait for its answer.

        Raises:
            httpx.ProxyError: it refuses, or answers in no way that a proxy does.
            OSError: the connection to it broke.
        """
        host = f"[{origin.host}]" if ":" in origin.host else origin.host
        lines = [
            f"CONNECT {host}:{origin.port} HTTP/1.1",
            f"Host: {host}:{origin.port}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        if any(sign in line for line in lines for sign in "\r\n\0"):
            raise httpx.ProxyError("the credential for the proxy has a line end")
        transport.write("\r\n".join((*lines, "", "")).encode("latin-1"))
        status = await self._answered
        if status not in _SUCCESSES:
            raise httpx.ProxyError(f"the proxy answered with status {status}")

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail, unless the proxy has answered."""
        self._end(exc or httpx.ProxyError("the proxy closed the connection"))

    def data_received(self, data: bytes) -> None:
        """Take bytes of the answer; those after its head are the provider's, who must not begin."""
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self._has_garbage = True
        except HttpParserError as error:
            if not self._status:
                invalid = httpx.ProxyError("the proxy's answer is invalid")
                invalid.__cause__ = error
                self._end(invalid)
                return
        if self._has_garbage and self._status in _SUCCESSES:
            self._end(httpx.ProxyError("the proxy sent more than its answer"))
        elif self._status:
            self._end(None)
        elif self._received > MAX_ANSWER_BYTES:
            self._end(httpx.ProxyError("the proxy's answer is too long"))

    def on_headers_complete(self) -> None:
        """Take the status; interim answers are not the answer."""
        status = self._parser.get_status_code()
        if status >= _FIRST_FINAL and not self._status:
            self._status = status

    def on_body(self, data: bytes) -> None:
        """Record that something follows the head."""
        self._has_garbage = self._has_garbage or bool(data)

    def _end(self, error: Exception | None) -> None:
        if self._answered.done():
            return
        if error is None:
            self._answered.set_result(self._status)
        else:
            self._answered.set_exception(error)
