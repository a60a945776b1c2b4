"""Writes payloads as the transport of their API carries them.

Some recorders kept the JSON payloads of a stream and not the lines around them. Only these lines
are written here. A terminator that is no payload, such as `[DONE]`, is not: nobody recorded it.
"""

from __future__ import annotations

import enum
import json
import struct
import zlib
from collections.abc import Iterable, Mapping
from typing import cast


class Transport(enum.Enum):
    """How an API carries the payloads of a stream; the value is the media type."""

    EVENTS = "text/event-stream"
    LINES = "application/x-ndjson"
    FRAMES = "application/vnd.amazon.eventstream"


TRANSPORTS: Mapping[str, Transport] = {
    "converse": Transport.FRAMES,
    "ollama_chat": Transport.LINES,
    "ollama_generate": Transport.LINES,
}
"""The transports of APIs, by the names that recordings use; any other API sends events."""

_STRING = 7
_LENGTHS_AND_CHECKSUMS = 16


def transport_of(api: str) -> Transport:
    """Return how an API carries its streams."""
    return TRANSPORTS.get(api, Transport.EVENTS)


def framed(payloads: Iterable[str], transport: Transport) -> bytes:
    """Return the bytes of a stream with these payloads and nothing after them."""
    write = {Transport.EVENTS: _event, Transport.LINES: _line, Transport.FRAMES: _frame}[transport]
    return b"".join(map(write, payloads))


def _event(payload: str) -> bytes:
    """Return an event; vendors whose payloads have a `type` name their events by it."""
    kind = _fields(payload).get("type")
    named = isinstance(kind, str) and kind.isprintable() and kind != ""
    return _bytes(f"event: {kind}\ndata: {payload}\n\n" if named else f"data: {payload}\n\n")


def _line(payload: str) -> bytes:
    return _bytes(f"{payload}\n")


def _frame(payload: str) -> bytes:
    """Return a message of AWS's `vnd.amazon.eventstream`; a payload's one key names its event."""
    fields = _fields(payload)
    name = next(iter(fields), "chunk")
    content = fields.get(name, {})
    headers = b"".join(
        _header(key, value)
        for key, value in {
            ":event-type": name,
            ":content-type": "application/json",
            ":message-type": "event",
        }.items()
    )
    body = json.dumps(content).encode()
    size = len(headers) + len(body) + _LENGTHS_AND_CHECKSUMS
    prelude = struct.pack(">II", size, len(headers))
    prelude += struct.pack(">I", zlib.crc32(prelude))
    return prelude + headers + body + struct.pack(">I", zlib.crc32(prelude + headers + body))


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return bytes([len(key)]) + key + bytes([_STRING]) + struct.pack(">H", len(text)) + text


def _fields(payload: str) -> dict[str, object]:
    try:
        value: object = json.loads(payload)
    except ValueError:
        return {}
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _bytes(text: str) -> bytes:
    """Return UTF-8; a recorder may have torn a character into halves."""
    return text.encode("utf-8", "surrogatepass")
