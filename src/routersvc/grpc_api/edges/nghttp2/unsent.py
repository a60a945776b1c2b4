"""What waits until a connection has sent: writers, and callers that are to send no more."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from routersvc.grpc_api.edges.nghttp2.engine import EngineError, ErrorCode, Session
from routersvc.grpc_api.edges.nghttp2.limits import WRITE_HIGH_WATER

if TYPE_CHECKING:
    from routersvc.grpc_api.edges.nghttp2.calls import Call


class Unsent:
    """What waits for the bytes that a session has not sent yet."""

    __slots__ = ("_loop", "_session", "_unfinished", "_writers")

    def __init__(self, session: Session, loop: asyncio.AbstractEventLoop) -> None:
        self._session = session
        self._loop = loop
        self._writers: dict[Call, asyncio.Future[None]] = {}
        self._unfinished: list[int] = []

    async def writable(self, call: Call) -> None:
        """Wait until the unsent bytes of a call are few, and the socket takes more."""
        waiter = self._loop.create_future()
        self._writers[call] = waiter
        try:
            await waiter
        finally:
            self._writers.pop(call, None)

    def wake_writers(self) -> None:
        """Let those write whose unsent bytes are few."""
        for call, waiter in self._writers.items():
            if not waiter.done() and (
                self._session.queued_body_size(call.stream_id) <= WRITE_HIGH_WATER
            ):
                waiter.set_result(None)

    def reset_when_sent(self, stream_id: int) -> None:
        """Tell a caller to send no more once its status is sent."""
        self._unfinished.append(stream_id)

    def reset_unfinished(self) -> bool:
        """Reset streams whose status is sent and whose caller still sends (RFC 9113, 8.1).

        Return whether there were any.
        """
        if not self._unfinished:
            return False
        waiting: list[int] = []
        for stream_id in self._unfinished:
            if self._session.queued_body_size(stream_id):
                waiting.append(stream_id)
            else:
                with contextlib.suppress(EngineError):
                    self._session.reset_stream(stream_id, ErrorCode.NO_ERROR)
        self._unfinished = waiting
        return True
