"""aiohttp's connection pool, and which connections it may use again.

A connection belongs to one request at a time. Bytes that arrive while it belongs to none are
nobody's answer: the connection is closed, and those that wait in its socket unread close it when it
is taken out of the pool. Otherwise a late second response would be the answer of the next request,
whoever asks it (RFC 9112, section 9.5: unsolicited responses). A connection that has reached its
maximum age is not used again, so that changes of DNS and load balancers reach busy pools too.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import select
import ssl
import time
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ConnectionKey
    from aiohttp.connector import Connection
    from aiohttp.http_parser import RawResponseMessage
    from aiohttp.streams import StreamReader
    from aiohttp.tracing import Trace

MAX_INTERIM_ANSWERS = 16
"""Answers with a status below 200 that may precede an answer: real servers send at most two."""


class Exchange:
    """The state of one request's connection."""

    __slots__ = ("socket", "was_idle")

    def __init__(self) -> None:
        self.socket: asyncio.Transport | None = None
        self.was_idle = False

    def abort(self) -> None:
        """Close the socket at once, without flushing or a TLS shutdown."""
        if self.socket is not None:
            self.socket.abort()
        self.end()

    def end(self) -> None:
        """Drop the reference to the socket, whose context holds the exchange it was opened for."""
        self.socket = None


EXCHANGE: contextvars.ContextVar[Exchange] = contextvars.ContextVar("exchange")
"""The request that the current task is sending: aiohttp has no argument to hand it through."""


class _Protocol(ResponseHandler):
    """One connection. `opened_at` is an instant of the monotonic clock, as in aiohttp's pool.

    It tells the body at once when its framing is broken: aiohttp's parser in C leaves a body
    without its exception where a chunk size cannot be parsed, and its reader would wait for ever.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.opened_at = time.monotonic()
        self.was_used = False
        self.is_idle = False
        self._interim_answers = 0

    def begin(self) -> None:
        """Give the connection to a request."""
        self.is_idle = False
        self.was_used = True
        self._interim_answers = 0

    def data_received(self, data: bytes) -> None:
        """Read bytes of an answer; those that no request waits for close the connection."""
        if self.is_idle and data:
            self.abort()
            return
        super().data_received(data)

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """Queue the head of an answer, unless a server sends interim ones without end."""
        if data[0].code < 200:  # noqa: PLR2004 - HTTP's interim answers
            self._interim_answers += 1
            if self._interim_answers > MAX_INTERIM_ANSWERS:
                self.set_exception(HttpProcessingError(message="too many interim answers"))
                if self.transport is not None:
                    self.transport.abort()
                return
        super().feed_data(data, size)

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        cause = exc if exc_cause is None else exc_cause
        payload = self._payload
        if payload is not None and not payload.is_eof() and payload.exception() is None:
            payload.set_exception(exc, cause)
        super().set_exception(exc, cause)


class Connector(aiohttp.TCPConnector):
    """A connector that tells each exchange which connection it got.

    `max_age` is the age in seconds from which on a connection is not used again.
    """

    def __init__(
        self,
        *,
        keepalive_timeout: float,
        max_age: float,
        ssl: ssl.SSLContext | bool,
        enable_cleanup_closed: bool,
    ) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType] - of `socket_factory`
            limit=0,
            keepalive_timeout=keepalive_timeout,
            ssl=ssl,
            enable_cleanup_closed=enable_cleanup_closed,
        )
        self._max_age = max_age
        self._factory = functools.partial(  # type: ignore[assignment]
            _Protocol, loop=self._loop
        )

    @property
    def idle(self) -> int:
        """How many idle connections are in the pool."""
        return sum(len(connections) for connections in self._conns.values())

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - the signature is aiohttp's
    ) -> Connection:
        """Return a connection in whose socket nothing waits unread, from the pool or a new one."""
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            if not isinstance(protocol, _Protocol):
                break
            if not protocol.was_used or not _has_unread_bytes(connection.transport):
                break
            connection.close()
        exchange = EXCHANGE.get()
        exchange.socket = connection.transport
        if isinstance(protocol, _Protocol):
            exchange.was_idle = protocol.was_used
            protocol.begin()
        return connection

    def _release(
        self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False
    ) -> None:
        if isinstance(protocol, _Protocol):
            protocol.is_idle = True
            is_old = time.monotonic() - protocol.opened_at >= self._max_age
            should_close = should_close or is_old
        super()._release(key, protocol, should_close=should_close)


def _has_unread_bytes(transport: asyncio.Transport | None) -> bool:
    """Whether something has arrived at a socket that the loop has not read: bytes, or its end."""
    connected = None if transport is None else transport.get_extra_info("socket")
    if connected is None or connected.fileno() < 0:
        return False
    poll = select.poll()
    poll.register(connected.fileno(), select.POLLIN)
    return bool(poll.poll(0))
