"""Writes HTTP/1.1 responses directly to the connection.

The HTTP server parses requests and owns connections. Writing responses here makes truncated
bodies, wrong content lengths and split writes possible, and is fast.
"""

from __future__ import annotations

import asyncio
import http
import itertools
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

_LAST_CHUNK = b"0\r\n\r\n"
# SO_LINGER on with a time of 0: closing sends RST.
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

_REASONS: Mapping[int, str] = MappingProxyType(
    {status.value: status.phrase for status in http.HTTPStatus}
)

Headers = Iterable[tuple[str, str]]
Pause = Callable[[], Awaitable[None]]


def merged(*layers: Headers) -> list[tuple[str, str]]:
    """Join headers; of the same name, the last wins."""
    headers: dict[str, tuple[str, str]] = {}
    for layer in layers:
        for name, value in layer:
            headers[name.lower()] = (name, value)
    return list(headers.values())


def head(status: int, headers: Headers, date: str) -> bytes:
    """Return status line and headers, with the date and the closing empty line."""
    reason = _REASONS.get(status, "Unknown")
    lines = "\r\n".join([f"{name}: {value}" for name, value in headers])
    text = f"HTTP/1.1 {status} {reason}\r\ndate: {date}\r\n{lines}\r\n\r\n"
    return text.encode("latin-1", "replace")


def chunk(data: bytes) -> bytes:
    """Return data as one chunk of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def reset(transport: asyncio.Transport | None) -> None:
    """End a connection with a TCP reset."""
    if transport is None or transport.is_closing():
        return
    connection: socket.socket = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()


class AlreadyWritten(web.StreamResponse):
    """Tells the HTTP server that the handler has written the response."""

    def __init__(self, *, keep_alive: bool) -> None:
        super().__init__()
        self._stays_open = keep_alive

    @property
    def keep_alive(self) -> bool:
        """Whether the connection may carry another request."""
        return self._stays_open

    async def prepare(self, request: web.BaseRequest) -> None:
        """Do nothing: the head is already written."""

    async def write_eof(self, data: bytes | bytearray | memoryview = b"") -> None:
        """Do nothing: the body is already written."""


class ResponseWriter:
    """Writes one response on the connection of its request.

    The head is buffered and sent together with the first bytes of the body.

    Raises:
        ConnectionResetError: by every method that writes, after the client has disconnected.
    """

    def __init__(self, request: web.BaseRequest, date: Callable[[], str]) -> None:
        self._writer: AbstractStreamWriter = request.writer
        self._transport = request.transport
        self._date = date
        self._held = b""
        self._chunked = False
        self._chunks_understood = request.version >= (1, 1)
        self.keep_alive = request.keep_alive and self._chunks_understood
        self.begun = False
        self.bytes_sent = 0

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        """Write a response with its content length."""
        self.begin(status, headers, length=len(body))
        await self.raw(body)

    def begin(self, status: int, headers: Headers, *, length: int | None = None) -> None:
        """Begin a response; without a length the body is chunked."""
        self._chunked = length is None and self._chunks_understood
        framing = [] if length is None else [("content-length", str(length))]
        if self._chunked:
            framing = [("transfer-encoding", "chunked")]
        if not self.keep_alive:
            framing.append(("connection", "close"))
        self._held = head(status, (*headers, *framing), self._date())
        self.begun = True

    async def flush(self) -> None:
        """Write the head, if it is still buffered."""
        if self._held:
            await self.raw(b"")

    async def part(self, data: bytes) -> None:
        """Write a part of the body."""
        await self.raw(chunk(data) if self._chunked and data else data)

    async def parts(self, data: bytes, cuts: Sequence[int], pause: Pause) -> None:
        """Write a part of the body in pieces, split at these offsets, with a pause after each."""
        framed = chunk(data) if self._chunked else data
        shift = framed.index(b"\r\n") + 2 if self._chunked else 0
        places = [0, *(shift + cut for cut in cuts), len(framed)]
        for start, end in itertools.pairwise(places):
            await self.raw(framed[start:end])
            await pause()

    async def end(self, last: bytes = b"") -> None:
        """Write the rest of the body and end it."""
        if self._chunked:
            await self.raw((chunk(last) if last else b"") + _LAST_CHUNK)
        else:
            await self.raw(last)

    async def raw(self, data: bytes) -> None:
        """Write raw bytes, with backpressure."""
        data = self._held + data
        self._held = b""
        if data:
            await self._writer.write(data)
            self.bytes_sent += len(data)

    def reset(self) -> None:
        """Reset the connection (TCP RST)."""
        self.keep_alive = False
        reset(self._transport)

    def close(self) -> None:
        """Close the connection (TCP FIN) after the written bytes."""
        self.keep_alive = False
        if self._transport is not None:
            self._transport.close()
