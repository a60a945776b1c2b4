"""One connection to a provider: writes a request, and reads its answer with llhttp.

HTTP/1.1 has no number that ties an answer to its request: whatever comes next on a connection is
taken for the answer to the request sent last. So a connection closes as soon as a byte arrives that
no request asked for. What cannot be told apart is a stray answer, or its last TLS record, that
arrives after the next request was sent.

An exchange leaves its connection when the end of its answer has come, read or not.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Protocol, cast

import httpx
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from routersvc.providers.http.http1.exchanges import Exchange, Headers
from routersvc.providers.http.http1.requests import Origin
from routersvc.providers.http.transports import (
    MAX_INTERIM_ANSWERS,
    SMALL_BODY_BYTES,
    SWITCHING_PROTOCOLS,
)

logger = logging.getLogger(__name__)

MAX_HEAD_BYTES = 32 * 1024
"""The largest head of an answer; vendors and their gateways send up to four kilobytes. The same
holds for whatever else of an answer is no content: extensions of chunks, trailers."""

MAX_HEADERS = 256

PIECE_BYTES = 128 * 1024
"""Bytes of a large request that are written, and encrypted, before others have their turn."""

_FIRST_FINAL = 200
_LENGTH_OF_TE = len(b"transfer-encoding")
_WITHOUT_BODY = frozenset({SWITCHING_PROTOCOLS, 204, 304})


class Owner(Protocol):
    """What a connection tells its pool."""

    def idle(self, connection: Http1Connection) -> None:
        """Take a connection whose answer has come whole."""
        ...

    def lost(self, connection: Http1Connection) -> None:
        """Forget a connection that is closed, or about to be. Idempotent."""
        ...


class UnreadableAnswerError(Exception):
    """An answer breaks a limit or a rule that the parser does not know of."""


class StrayBytesError(Exception):
    """The bytes after an answer's end are the answer of no request."""


class Http1Connection(asyncio.Protocol):
    """A connection of a pool. `retires_at` is when it is too old for another request."""

    def __init__(
        self, origin: Origin, owner: Owner, loop: asyncio.AbstractEventLoop, *, retires_at: float
    ) -> None:
        self.origin = origin
        self.was_used = False
        self.retires_at = retires_at
        self.idle_since = 0.0
        self.transport: asyncio.Transport | None = None
        self._owner = owner
        self._loop = loop
        self._body: list[bytes] = []
        # The parser calls it for each piece of a body: nothing is cheaper than a list's method.
        self.on_body = self._body.append
        self._parser: HttpResponseParser
        self._exchange: Exchange | None = None
        self._is_head_request = False
        self._interims = 0
        self._headers: Headers = []
        self._is_complete = False
        self._keeps_alive = False
        self._progressed = False
        self._bytes_without_progress = 0
        self._is_reading_paused = False
        self._is_writing_paused = False
        self._unsent: memoryview | None = None

    @property
    def is_open(self) -> bool:
        """Whether the connection can carry another request, as far as is known."""
        return self.transport is not None and not self.transport.is_closing()

    def send(self, exchange: Exchange, head: bytes, body: bytes) -> None:
        """Send a request, whose answer goes to `exchange`.

        The rest of a large body is written as the provider takes it, also while it answers.
        """
        transport = self.transport
        if transport is None:
            exchange.fail(httpx.ConnectError, "the connection was closed")
            return
        self.was_used = True
        self._exchange = exchange
        exchange.line = self
        self._is_head_request = exchange.request.method == "HEAD"
        self._interims = 0
        self._bytes_without_progress = 0
        if len(body) <= SMALL_BODY_BYTES:
            transport.write(head + body)
        else:
            transport.write(head)
            self._unsent = memoryview(body)
            self._send_more()

    def abort(self) -> None:
        """Close the socket at once, without flushing or a TLS shutdown."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.fail(httpx.ReadError, "the connection was closed")
        self._unsent = None
        self._owner.lost(self)
        if self.transport is not None:
            self.transport.abort()

    def resume(self) -> None:
        """Read on."""
        if self._is_reading_paused and self.transport is not None:
            self._is_reading_paused = False
            with contextlib.suppress(RuntimeError):  # it is closing
                self.transport.resume_reading()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket."""
        self.transport = cast("asyncio.Transport", transport)
        self._parser = HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the exchange; an answer without a length ends here."""
        self.transport = None
        self._unsent = None
        # It holds methods of the connection: a cycle.
        del self._parser
        self._owner.lost(self)
        exchange, self._exchange = self._exchange, None
        if exchange is None:
            return
        if exc is not None:
            exchange.fail(httpx.ReadError, "the connection broke", exc)
        elif exchange.has_head and _ends_with_its_connection(exchange):
            exchange.complete()
        else:
            exchange.fail(httpx.RemoteProtocolError, "the provider closed the connection")

    def pause_writing(self) -> None:
        """Wait for the provider to take what was written."""
        self._is_writing_paused = True

    def resume_writing(self) -> None:
        """Write on."""
        self._is_writing_paused = False
        self._send_more()

    def data_received(self, data: bytes) -> None:
        """Take bytes of the answer; close the connection on any others."""
        exchange = self._exchange
        if exchange is None:
            self._log_stray_bytes()
            self.abort()
            return
        self._progressed = False
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            if not self._is_complete:
                self._pass_on(exchange)
                exchange.fail(httpx.DecodingError, "the answer's framing is invalid", error)
                self.abort()
                return
            if self._keeps_alive:
                self._log_stray_bytes()
            self._keeps_alive = False
        if self._body:
            self._pass_on(exchange)
        if self._is_complete or (self._is_head_request and exchange.has_head):
            self._leave(exchange)
        elif self._progressed:
            self._bytes_without_progress = 0
            exchange.progressed()
        else:
            self._bytes_without_progress += len(data)
            if self._bytes_without_progress > MAX_HEAD_BYTES:
                exchange.fail(httpx.DecodingError, "the answer's head or a trailer is too long")
                self.abort()

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Begin an answer, but only one for each request."""
        if self._is_complete:
            raise StrayBytesError
        self._headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer, which nobody reads."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Take the head of an answer, or of an interim answer, of which there may be a few."""
        exchange = self._exchange
        if exchange is None:
            raise StrayBytesError
        self._progressed = True
        status = self._parser.get_status_code()
        if status < _FIRST_FINAL and status != SWITCHING_PROTOCOLS:
            self._interims += 1
            if self._interims > MAX_INTERIM_ANSWERS:
                raise UnreadableAnswerError
            return
        headers = self._headers
        size = 0
        for name, value in headers:
            size += len(name) + len(value) + 4
            if (
                len(name) == _LENGTH_OF_TE
                and name.lower() == b"transfer-encoding"
                and value.strip().lower() != b"chunked"
            ):
                raise UnreadableAnswerError
        if size > MAX_HEAD_BYTES or len(headers) > MAX_HEADERS:
            raise UnreadableAnswerError
        exchange.status = status
        exchange.headers = headers
        exchange.has_head = True
        self._headers = []

    def on_message_complete(self) -> None:
        """Record the end of the answer; that of an interim answer is none."""
        exchange = self._exchange
        if exchange is None or not exchange.has_head:
            return
        self._is_complete = True
        self._keeps_alive = (
            self._parser.should_keep_alive() and exchange.status != SWITCHING_PROTOCOLS
        )

    def _pass_on(self, exchange: Exchange) -> None:
        """Pass on bytes of the body, and stop reading while nobody takes them."""
        body = self._body
        data = body[0] if len(body) == 1 else b"".join(body)
        body.clear()
        if not data or self._is_head_request:
            return
        self._progressed = True
        if exchange.add(data) and not self._is_reading_paused and self.transport is not None:
            self._is_reading_paused = True
            self.transport.pause_reading()

    def _leave(self, exchange: Exchange) -> None:
        """End the exchange, and give the connection back where it can be used again."""
        was_complete, self._is_complete = self._is_complete, False
        self._exchange = None
        self.resume()
        exchange.complete()
        transport = self.transport
        if (
            was_complete
            and self._keeps_alive
            and not self._is_head_request
            and self._unsent is None
            and transport is not None
            and not transport.is_closing()
            and not transport.get_write_buffer_size()
        ):
            self._owner.idle(self)
        else:
            self.abort()

    def _send_more(self) -> None:
        transport = self.transport
        if self._unsent is None or self._is_writing_paused or transport is None:
            return
        piece, rest = self._unsent[:PIECE_BYTES], self._unsent[PIECE_BYTES:]
        self._unsent = rest if len(rest) else None
        transport.write(piece)
        if self._unsent is not None and not self._is_writing_paused:
            self._loop.call_soon(self._send_more)

    def _log_stray_bytes(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            logger.info("provider sent bytes that no request asked for: connection closed")


def _ends_with_its_connection(exchange: Exchange) -> bool:
    """Return whether the answer ends with its connection, since its head tells no length."""
    names = {name.lower() for name, _ in exchange.headers}
    return (
        exchange.status not in _WITHOUT_BODY
        and b"content-length" not in names
        and b"transfer-encoding" not in names
    )
