"""What one peer can make the nghttp2 edge hold, and the statuses of calls that exceed it.

Numbers that operators set are in `ServerOptions`; these protect the process and are not tuned.
"""

from __future__ import annotations

import grpc

STREAM_WINDOW = 65_535
"""Bytes of a call that its caller may send before the call is read (RFC 9113's default)."""

READING_WINDOW = 1 << 20
"""The same while a message above `STREAM_WINDOW` is read: a megabyte per round trip."""

CONNECTION_WINDOW = 16 << 20
"""Unread bytes of all calls of a connection."""

WRITE_HIGH_WATER = 65_536
"""Unsent bytes of a call above which its handler waits, as in gRPC's core."""

SEND_CHUNK = 262_144
"""The most that is framed at a time, so that a slow socket stops the framing."""

MAX_METADATA_BYTES = 16_384
"""Request headers of a call, counted as in RFC 9113; gRPC core's hard limit."""

MAX_HEADER_BLOCK = 65_536
"""A header block above it closes its connection."""

MAX_HEADERS = 512
"""Headers of a call; more close its connection."""

RESET_BURST = 2_000
RESETS_PER_SECOND = 200
"""Calls that a peer may cancel: a burst, at least twice its concurrent calls, and a rate after it.

Above it the connection is closed with ENHANCE_YOUR_CALM (CVE-2023-44487, "rapid reset").
"""

MAX_UNREAD_CALLS = 8_192
"""Calls of all connections whose message has not arrived, as with the grpcio edge."""

MAX_UNREAD_BYTES = 256 << 20
"""Bytes of incomplete messages of all connections, at least sixteen of the largest message."""


class RefusedCallError(Exception):
    """Ends a call with a status before, or instead of, its handler."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Intake:
    """Counts what has arrived of requests that are not complete, for all connections together."""

    __slots__ = ("_max_bytes", "_max_calls", "_unread_bytes", "_unread_calls")

    def __init__(
        self, *, max_message_bytes: int, max_calls: int = MAX_UNREAD_CALLS, max_bytes: int = 0
    ) -> None:
        self._max_bytes = max_bytes or max(MAX_UNREAD_BYTES, 16 * max_message_bytes)
        self._max_calls = max_calls
        self._unread_bytes = 0
        self._unread_calls = 0

    @property
    def held(self) -> tuple[int, int]:
        """Calls whose message has not arrived, and bytes of incomplete messages."""
        return (self._unread_calls, self._unread_bytes)

    def call_arrived(self) -> None:
        """Count a call.

        Raises:
            RefusedCallError: too many calls wait for their message; nothing is counted.
        """
        if self._unread_calls >= self._max_calls:
            raise RefusedCallError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"too many calls wait for their request message: at most {self._max_calls}",
            )
        self._unread_calls += 1

    def call_read(self) -> None:
        """Forget a call, whose message has arrived or will not be read."""
        self._unread_calls -= 1

    def bytes_arrived(self, amount: int) -> None:
        """Count bytes of an incomplete message.

        Raises:
            RefusedCallError: incomplete messages take too much; nothing is counted.
        """
        if self._unread_bytes + amount > self._max_bytes:
            raise RefusedCallError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"incomplete request messages exceed {self._max_bytes} bytes in total",
            )
        self._unread_bytes += amount

    def bytes_read(self, amount: int) -> None:
        """Forget bytes of a message that is complete or abandoned."""
        self._unread_bytes -= amount
