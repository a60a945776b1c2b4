"""One call on its stream: the messages that arrive, what is sent back, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import grpc

from routersvc.grpc_api.edges.nghttp2.engine import EngineError, ErrorCode, Session
from routersvc.grpc_api.edges.nghttp2.limits import (
    READING_WINDOW,
    STREAM_WINDOW,
    WRITE_HIGH_WATER,
    Intake,
    RefusedCallError,
)
from routersvc.grpc_api.edges.nghttp2.messages import MessageReader, framed
from routersvc.grpc_api.edges.nghttp2.metadata import (
    RESPONSE_HEADERS,
    Header,
    RequestHead,
    status_headers,
)
from routersvc.grpc_api.edges.nghttp2.unsent import Unsent

_OK_TRAILERS: tuple[Header, ...] = ((b"grpc-status", b"0"),)


class Line(Protocol):
    """What a call asks of its connection."""

    session: Session
    peer: str
    auth_context: Mapping[str, tuple[bytes, ...]]
    is_paused: bool
    unsent: Unsent

    def flush_soon(self) -> None:
        """Send what the session holds, at the end of this turn of the loop."""
        ...

    def sent(self) -> None:
        """Do so, and note that a response sends data."""
        ...


class Call:
    """One call. It is `ended` when its status was sent, or its caller is gone.

    What an ended call still sends is dropped: its task is about to be cancelled. A stream that the
    engine has closed ends its call, too; the event that says so follows.
    """

    __slots__ = (
        "_has_headers",
        "_held",
        "_intake",
        "_is_unread",
        "_loop",
        "_reader",
        "_timer",
        "_unacknowledged",
        "_waiter",
        "deadline",
        "ended",
        "ended_at",
        "head",
        "is_half_closed",
        "line",
        "stream_id",
        "task",
    )

    def __init__(
        self,
        *,
        line: Line,
        stream_id: int,
        head: RequestHead,
        reader: MessageReader,
        intake: Intake,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        intake.call_arrived()
        self.stream_id = stream_id
        self.head = head
        self.is_half_closed = False
        self.ended = False
        self.ended_at = 0.0
        self.task: asyncio.Task[None] | None = None
        self.deadline: float | None = None
        self.line = line
        self._reader = reader
        self._intake = intake
        self._loop = loop
        self._is_unread = True
        self._held = 0
        self._unacknowledged = 0
        self._has_headers = False
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        if head.timeout is not None:
            self.deadline = loop.time() + head.timeout
            self._timer = loop.call_later(head.timeout, self._expire)

    @property
    def peer(self) -> str:
        """The caller's address."""
        return self.line.peer

    @property
    def auth_context(self) -> Mapping[str, tuple[bytes, ...]]:
        """What the caller's connection has proved, under the names that gRPC core uses."""
        return self.line.auth_context

    # ---- what arrives

    def data_arrived(self, data: bytes) -> None:
        """Take DATA. The receive window stays closed by as much until the handler reads."""
        if self.ended:
            self.line.session.acknowledge_received_data(len(data), self.stream_id)
            return
        self._reader.feed(data)
        self._unacknowledged += len(data)
        if self._waiter is None or self._waiter.done():
            return
        try:
            if self._is_incomplete(len(data)):
                return
        except RefusedCallError as error:
            self._waiter.set_exception(error)
        else:
            self._waiter.set_result(None)

    def half_closed(self) -> None:
        """Note that no more messages come."""
        self.is_half_closed = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def receive(self) -> bytes | None:
        """Return the next message of the caller, `None` after the last.

        Raises:
            RefusedCallError: it is too large, incomplete or invalid.
        """
        while True:
            message = self._reader.take()
            if message is not None:
                self._read()
                self._acknowledge()
                return message
            if self.is_half_closed:
                self._read()
                if len(self._reader):
                    raise RefusedCallError(
                        grpc.StatusCode.INTERNAL, "the last request message is incomplete"
                    )
                return None
            self._is_incomplete(len(self._reader) - self._held)
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None

    def _is_incomplete(self, arrived: int) -> bool:
        """Return whether the next message is incomplete; if so, let the caller send on."""
        missing = self._reader.missing()
        if not missing:
            return False
        if arrived:
            self._intake.bytes_arrived(arrived)
            self._held += arrived
        if self._unacknowledged:
            self._acknowledge()
            if missing > STREAM_WINDOW and self._held <= STREAM_WINDOW:
                window = min(missing, READING_WINDOW)
                self.line.session.set_local_window_size(window, stream_id=self.stream_id)
            self.line.flush_soon()
        return True

    def _read(self) -> None:
        if self._is_unread:
            self._is_unread = False
            self._intake.call_read()
        if self._held:
            self._intake.bytes_read(self._held)
            self._held = 0

    def _acknowledge(self) -> None:
        if self._unacknowledged:
            self.line.session.acknowledge_received_data(self._unacknowledged, self.stream_id)
            self._unacknowledged = 0

    # ---- what is sent

    def send_headers(self, metadata: Sequence[Header] = ()) -> None:
        """Send response headers, unless they were sent."""
        if self.ended or self._has_headers:
            return
        self._has_headers = True
        headers = (*RESPONSE_HEADERS, *metadata) if metadata else RESPONSE_HEADERS
        try:
            self.line.session.send_response(self.stream_id, headers)
        except EngineError:
            self._end()
        else:
            self.line.sent()

    def send_message(self, message: bytes) -> None:
        """Queue a message."""
        if self.ended:
            return
        session = self.line.session
        try:
            if not self._has_headers:
                self._has_headers = True
                session.send_response(self.stream_id, RESPONSE_HEADERS)
            session.send_data(self.stream_id, framed(message))
        except EngineError:
            self._end()
        else:
            self.line.sent()

    async def writable(self) -> None:
        """Wait while the caller or the network is slower than the handler."""
        line = self.line
        if not self.ended and (
            line.is_paused or line.session.queued_body_size(self.stream_id) > WRITE_HIGH_WATER
        ):
            await line.unsent.writable(self)

    # ---- the end

    def finish(
        self,
        code: grpc.StatusCode = grpc.StatusCode.OK,
        message: str = "",
        metadata: Iterable[Header] = (),
    ) -> None:
        """Send the status; alone, if nothing was sent before."""
        if self.ended:
            return
        trailers: Sequence[Header]
        if code is grpc.StatusCode.OK and not message:
            trailers = (*_OK_TRAILERS, *metadata)
        else:
            trailers = (*status_headers(code, message), *metadata)
        session = self.line.session
        try:
            if self._has_headers:
                session.send_trailers(self.stream_id, trailers)
            else:
                session.send_response(
                    self.stream_id, (*RESPONSE_HEADERS, *trailers), end_stream=True
                )
        except EngineError:
            self._end()
            return
        self._end()
        if not self.is_half_closed:
            self.line.unsent.reset_when_sent(self.stream_id)
        self.line.sent()

    def abandon(self) -> None:
        """End the call without a status, because nobody hears it; cancels its task."""
        if not self.ended:
            self._end()
        self._cancel()

    def refuse(self, code: grpc.StatusCode, message: str) -> None:
        """End the call with a status while its handler runs; cancels its task."""
        self.finish(code, message)
        self._cancel()

    def reset(self) -> None:
        """Drop what is queued of an ended call whose caller does not read."""
        try:
            self.line.session.reset_stream(self.stream_id, ErrorCode.CANCEL)
        except EngineError:
            return
        self.line.flush_soon()

    def _expire(self) -> None:
        self.refuse(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")

    def _end(self) -> None:
        self.ended = True
        self.ended_at = self._loop.time()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._read()
        try:
            self._acknowledge()
        except EngineError:
            # The session has failed or is terminating: no window is left to open.
            self._unacknowledged = 0

    def _cancel(self) -> None:
        # Forgotten first: the traceback of the cancellation leads back here, and a cycle would
        # keep all of the call until the next garbage collection.
        task, self.task = self.task, None
        if task is not None:
            task.cancel()
