"""One request and its answer: what has come of it, and who waits for more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

import httpx

from routersvc.providers.http.transports import LINGER_TIME, LingeringStream

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_BUFFERED_BYTES = 128 * 1024
"""Bytes of an answer that wait for their reader before the provider has to wait."""

Headers = list[tuple[bytes, bytes]]
TransportErrorKind = type[httpx.TransportError | httpx.DecodingError]


class Line(Protocol):
    """The connection that an exchange goes over, until the end of the answer has come."""

    def resume(self) -> None:
        """Read on after the answer's reader was slow."""
        ...

    def abort(self) -> None:
        """Close the connection at once."""
        ...


class Slots(Protocol):
    """Counts the exchanges that run."""

    def released(self, exchange: Exchange) -> None:
        """Forget an exchange that is over. Idempotent."""
        ...

    def lingers(self, exchange: Exchange) -> None:
        """Count an exchange whose answer is complete and whose end has not come."""
        ...


class Exchange(LingeringStream):
    """One request, and the body of its answer as it arrives.

    A connection whose answer has come whole serves the next request before this one has been read:
    then `line` is `None`, and nothing that happens here touches it.
    """

    def __init__(
        self, request: httpx.Request, slots: Slots, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.request = request
        self.status = 0
        self.headers: Headers = []
        self.line: Line | None = None
        self.has_head = False
        self.is_complete = False
        self.is_lingering = False
        self.error: httpx.TransportError | httpx.DecodingError | None = None
        self.buffered = 0
        self._chunks: list[bytes] = []
        self._slots = slots
        self._loop = loop
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._read_at_once = False
        self._is_gathering = False

    def __aiter__(self) -> Exchange:
        return self

    async def __anext__(self) -> bytes:
        while True:
            if self._chunks:
                if self._read_at_once:
                    # More has come than was read: without a pause, no other call has its turn.
                    await self._pause()
                self._read_at_once = True
                return self._taken()
            if self.error is not None:
                self._slots.released(self)
                raise self.error
            if self.is_complete:
                self._slots.released(self)
                raise StopAsyncIteration
            await self._wait()

    async def head(self) -> None:
        """Wait for the head of the answer.

        Raises:
            httpx.TransportError: the connection failed before.
            httpx.DecodingError: what came cannot be read.
        """
        while not self.has_head:
            if self.error is not None:
                self._slots.released(self)
                raise self.error
            await self._wait()

    async def aclose(self) -> None:
        """Abort the response, unless its end has arrived."""
        self.abort()

    def linger(self) -> None:
        """Return the connection to the pool once the rest has arrived."""
        self._chunks.clear()
        self.buffered = 0
        line = self.line
        self._slots.released(self)
        if line is not None:
            self.is_lingering = True
            self._slots.lingers(self)
            self._timer = self._loop.call_later(LINGER_TIME, self.abort)
            line.resume()

    def abort(self) -> None:
        """Close the connection at once, unless the end of the body has come."""
        line, self.line = self.line, None
        if line is not None:
            line.abort()
            self.fail(httpx.ReadError, "the response was closed")
        self._over()

    def add(self, data: bytes) -> bool:
        """Take bytes of the body; return whether the provider has to wait for the reader."""
        if self.is_lingering:
            return False
        self._chunks.append(data)
        self.buffered += len(data)
        return self.buffered > MOST_BUFFERED_BYTES

    async def gather(self, seconds: float) -> None:
        """Wait for the end of the body, or so long, or until as much has come as is held."""
        if self.is_complete or self.error is not None or self.line is None:
            return
        timer = self._loop.call_later(seconds, self.wake)
        self._is_gathering = True
        try:
            await self._wait()
        finally:
            self._is_gathering = False
            timer.cancel()

    def progressed(self) -> None:
        """Resume the reader for what has come, unless it waits for more."""
        if not self._is_gathering or self.buffered > MOST_BUFFERED_BYTES:
            self.wake()

    def complete(self) -> None:
        """Record that the end of the answer has come, and leave the connection."""
        self.line = None
        self.is_complete = True
        if self.is_lingering:
            self._over()
        self.wake()

    def fail(
        self, kind: TransportErrorKind, message: str, cause: BaseException | None = None
    ) -> None:
        """Record why no more of the answer will come, unless it is known, and leave the line."""
        self.line = None
        if self.error is None and not self.is_complete:
            self.error = kind(message, request=self.request)
            self.error.__cause__ = cause
        if self.is_lingering:
            self._over()
        self.wake()

    def wake(self) -> None:
        """Resume the reader that waits."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def _wait(self) -> None:
        self._read_at_once = False
        waiter = self._waiter = self._loop.create_future()
        try:
            await waiter
        except BaseException:
            self.abort()
            raise

    async def _pause(self) -> None:
        try:
            await asyncio.sleep(0)
        except BaseException:
            self.abort()
            raise

    def _taken(self) -> bytes:
        chunks: Sequence[bytes] = self._chunks
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        self._chunks.clear()
        if self.buffered > MOST_BUFFERED_BYTES and self.line is not None:
            self.line.resume()
        self.buffered = 0
        return data

    def _over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._slots.released(self)
