"""A connection with a socket that tests play."""

from __future__ import annotations

import asyncio
from typing import cast

import httpx

from routersvc.providers.http.http1.connections import Http1Connection
from routersvc.providers.http.http1.exchanges import Exchange
from routersvc.providers.http.http1.requests import Origin


class FakeTransport:
    """A socket as a connection uses it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.is_aborted = False
        self.is_paused = False
        self.unwritten = 0

    def write(self, data: bytes) -> None:
        """Keep what is written."""
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        """Return whether the connection was aborted."""
        return self.is_aborted

    def abort(self) -> None:
        """Record that the connection ends."""
        self.is_aborted = True

    def pause_reading(self) -> None:
        """Record that nothing more may come."""
        self.is_paused = True

    def resume_reading(self) -> None:
        """Record that more may come."""
        self.is_paused = False

    def get_write_buffer_size(self) -> int:
        """Return how much of a request has not left."""
        return self.unwritten


class Rig:
    """A connection with its socket, and the part of a pool."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.socket = FakeTransport()
        self.given_back = 0
        self.losses = 0
        self.running: set[Exchange] = set()
        self.connection = Http1Connection(
            Origin("http", "a", 80), self, loop, retires_at=float("inf")
        )
        self.connection.connection_made(cast("asyncio.Transport", self.socket))

    def idle(self, connection: Http1Connection) -> None:
        """Count a connection that can be used again."""
        assert connection is self.connection
        self.given_back += 1

    def lost(self, connection: Http1Connection) -> None:
        """Count a connection that has ended."""
        assert connection is self.connection
        self.losses += 1

    def released(self, exchange: Exchange) -> None:
        """Forget an exchange."""
        self.running.discard(exchange)

    def lingers(self, exchange: Exchange) -> None:
        """Take note of nothing."""

    def send(self, body: bytes = b"", *, method: str = "POST") -> Exchange:
        """Send a request."""
        exchange = Exchange(httpx.Request(method, "http://a/"), self, self.loop)
        self.running.add(exchange)
        self.connection.send(exchange, b"HEAD", body)
        return exchange

    def receive(self, *pieces: bytes) -> None:
        """Let bytes arrive."""
        for piece in pieces:
            self.connection.data_received(piece)

    def body_of(self, exchange: Exchange) -> bytes:
        """Return the body of an answer that has come, or raise its failure."""

        async def read() -> bytes:
            await exchange.head()
            return b"".join([piece async for piece in exchange])

        return self.loop.run_until_complete(asyncio.wait_for(read(), 10.0))  # noqa: TID251
