"""HTTP/2 connections written by hand, for what no client library would send."""

from __future__ import annotations

import asyncio
import itertools
import struct
from collections.abc import Iterable

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PING = 0, 1, 3, 4, 6
END_HEADERS = 4
CANCEL = struct.pack(">I", 8)
PAUSE = 0.005
METHOD = b"/llmrouter.v1.RouterService/Complete"


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Return a frame."""
    return (
        len(payload).to_bytes(3, "big") + bytes([kind, flags]) + struct.pack(">I", stream) + payload
    )


def request_headers() -> bytes:
    """Return the header block of a call without an API key; nothing in it is compressed."""
    return b"".join(
        b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value
        for name, value in (
            (b":method", b"POST"),
            (b":scheme", b"http"),
            (b":path", METHOD),
            (b":authority", b"router"),
            (b"content-type", b"application/grpc"),
            (b"te", b"trailers"),
        )
    )


async def connect(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection and send its preface."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(_PREFACE + frame(SETTINGS, 0, 0))
    return reader, writer


async def flood(host: str, port: int, batches: Iterable[bytes], seconds: float) -> None:
    """Send these batches on one connection, 200 a second at most; what comes back is dropped."""
    loop = asyncio.get_running_loop()
    reader, writer = await connect(host, port)
    dropped = loop.create_task(reader.read())
    try:
        async with asyncio.timeout(seconds):
            for batch in batches:
                writer.write(batch)
                await writer.drain()
                await asyncio.sleep(PAUSE)
            await dropped
    except (OSError, TimeoutError):
        pass
    finally:
        dropped.cancel()
        await asyncio.gather(dropped, return_exceptions=True)
        writer.close()


def resets() -> Iterable[bytes]:
    """Yield batches that open 100 streams and reset them at once."""
    headers = request_headers()
    for first in itertools.count(1, 200):
        yield b"".join(
            frame(HEADERS, 5, stream, headers) + frame(RESET, 0, stream, CANCEL)
            for stream in range(first, first + 200, 2)
        )


def pings() -> Iterable[bytes]:
    """Yield batches of pings."""
    return itertools.repeat(frame(PING, 0, 0, b"12345678") * 200)


def halves() -> Iterable[bytes]:
    """Return a call whose message of 15 MiB never ends."""
    message = b"\0" + struct.pack(">I", 15 << 20)
    return [
        frame(HEADERS, END_HEADERS, 1, request_headers()) + frame(DATA, 0, 1, message),
        *[frame(DATA, 0, 1, b"\0" * 16_384)] * 900,
    ]
