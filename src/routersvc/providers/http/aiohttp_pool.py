"""The pool of connections to one provider, on which no late byte becomes another request's answer.

HTTP/1.1 has no number that ties an answer to its request: whatever comes next on a connection is
taken for the answer to the request sent last. aiohttp keeps a connection on which bytes arrived
while it was idle, and drops the beginning of an answer that came with the end of another. Here a
connection is closed as soon as a byte arrives that no request asked for, and is looked at once more
before it is used again: bytes may have arrived that the event loop has not read yet.

What cannot be told apart is a stray answer that arrives after the next request was sent.
"""

from __future__ import annotations

import contextvars
import functools
import logging
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError

from routersvc.providers.http.idle_sockets import is_silent
from routersvc.providers.http.transports import MAX_INTERIM_ANSWERS, SWITCHING_PROTOCOLS

if TYPE_CHECKING:
    import asyncio
    import ssl

    from aiohttp.connector import Connection
    from aiohttp.http import RawResponseMessage
    from aiohttp.streams import StreamReader
    from aiohttp.tracing import Trace

logger = logging.getLogger(__name__)

_FIRST_FINAL = 200


class Exchange:
    """The state of one request's connection."""

    __slots__ = ("is_small", "socket", "was_idle")

    def __init__(self, *, is_small: bool = False) -> None:
        self.socket: asyncio.Transport | None = None
        self.was_idle = False
        self.is_small = is_small

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


class PooledProtocol(ResponseHandler):
    """A connection that closes itself on any byte that no request asked for.

    It also tells the body at once when its framing is broken: aiohttp's parser in C leaves a body
    without its exception where a chunk size cannot be parsed, and its reader would wait for ever.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, *, max_age: float) -> None:
        super().__init__(loop=loop)
        self.is_used = False
        self._retires_at = loop.time() + max_age
        self._awaits_request = False
        self._answered = False
        self._interims = 0

    @property
    def should_close(self) -> bool:
        """Whether the connection cannot be used again."""
        return super().should_close or self._is_old

    def begin(self, *, is_small: bool) -> None:
        """Expect the answer to one request, which is sent next."""
        # Until the request is out, a connection that was idle has nothing to say.
        self._awaits_request = self.is_used and is_small
        self.is_used = True
        self._answered = False
        self._interims = 0

    async def is_reusable(self) -> bool:
        """Return whether another request may be sent: the connection is young, and has no bytes."""
        transport = self.transport
        if self._is_old or self._reading_paused or transport is None:
            return False
        return await is_silent(transport) and not self.should_close

    def start_timeout(self) -> None:
        """Record that the request has been sent."""
        self._awaits_request = False
        super().start_timeout()

    def data_received(self, data: bytes) -> None:
        """Take bytes of the answer; close the connection on any others."""
        if data and (self._awaits_request or self._is_complete):
            self._close_for_stray_bytes()
            return
        super().data_received(data)
        # The bytes may have ended the answer and begun another.
        if self._is_complete and self._parser is not None and self._parser.feed_eof() is not None:
            self._close_for_stray_bytes()

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """Pass on the head of an answer, but only one, and no interim answers."""
        code = data[0].code
        if self._answered:
            self._close_for_stray_bytes()
        elif code == SWITCHING_PROTOCOLS or code >= _FIRST_FINAL:
            self._answered = True
            super().feed_data(data, size)
        elif self._interims < MAX_INTERIM_ANSWERS:
            self._interims += 1
            # Nothing waits for an interim answer, which aiohttp would hold in a queue.
        elif self._exception is None:
            self.set_exception(
                HttpProcessingError(message=f"more than {MAX_INTERIM_ANSWERS} interim answers")
            )
            self._abort()

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """Break the connection and the body that is read from it."""
        cause = exc if exc_cause is None else exc_cause
        payload = self._payload
        if payload is not None and not payload.is_eof() and payload.exception() is None:
            payload.set_exception(exc, cause)
        super().set_exception(exc, cause)

    @property
    def _is_old(self) -> bool:
        return self._loop.time() >= self._retires_at

    @property
    def _is_complete(self) -> bool:
        """Whether the answer has come to its end."""
        return self._answered and (self._payload is None or self._payload.is_eof())

    def _close_for_stray_bytes(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            logger.info("provider sent bytes that no request asked for: connection closed")
        self._abort()

    def _abort(self) -> None:
        self.force_close()
        if self.transport is not None:
            self.transport.abort()


class Connector(aiohttp.TCPConnector):
    """A connector that tells each exchange which connection it got."""

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
        self._factory = functools.partial(  # type: ignore[assignment]
            PooledProtocol, loop=self._loop, max_age=max_age
        )

    @property
    def idle(self) -> int:
        """How many idle connections are in the pool."""
        return sum(
            protocol.is_connected()
            for connections in self._conns.values()
            for protocol, _ in connections
        )

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - the signature is aiohttp's
    ) -> Connection:
        """Return a new connection, or one on which nothing can arrive but the next answer."""
        exchange = EXCHANGE.get()
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            if not isinstance(protocol, PooledProtocol):
                raise TypeError("a connection of this pool has a protocol of this pool")
            try:
                if not protocol.is_used or await protocol.is_reusable():
                    break
            except BaseException:
                connection.close()
                raise
            connection.close()
        exchange.socket = connection.transport
        exchange.was_idle = protocol.is_used
        protocol.begin(is_small=exchange.is_small)
        return connection
