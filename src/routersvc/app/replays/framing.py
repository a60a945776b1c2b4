"""Frames the payloads of a recorded stream as the provider sent them.

Some recordings hold the payloads of a stream without their framing. The framing added here is what
the format prescribes, so that adapters read the same bytes as from a socket. A terminator that is
no payload, such as `[DONE]`, is not added: it was not recorded.
"""

from __future__ import annotations

import base64
import enum
import struct
import zlib
from collections.abc import Iterable, Mapping
from typing import cast

import orjson

from routersvc.providers.reading.json_values import JsonObject

_STRING_HEADER = 7
"""The type of a header that holds text, in AWS's event streams."""

_AROUND_FRAME = 16
"""Bytes of a frame beside its headers and its payload: two lengths and two checksums."""


class Framing(enum.Enum):
    """The framing of a stream's events."""

    SSE = "sse"
    LINES = "lines"
    EVENT_STREAM = "event_stream"


CONTENT_TYPES: Mapping[Framing, str] = {
    Framing.SSE: "text/event-stream",
    Framing.LINES: "application/x-ndjson",
    Framing.EVENT_STREAM: "application/vnd.amazon.eventstream",
}
"""The media type of a stream with this framing, where its recording has none."""


def framed(payloads: Iterable[str], framing: Framing) -> bytes:
    """Return the bytes of a stream with these payloads, each one JSON text."""
    match framing:
        case Framing.SSE:
            return b"".join(map(_sse_event, payloads))
        case Framing.LINES:
            return "".join(f"{payload}\n" for payload in payloads).encode("utf-8", "surrogatepass")
        case Framing.EVENT_STREAM:
            return b"".join(map(_frame, payloads))


def _sse_event(payload: str) -> bytes:
    """Return a server-sent event, named by its `type` if it has one."""
    kind = _object(payload).get("type")
    name = f"event: {kind}\n" if isinstance(kind, str) and kind.isprintable() else ""
    lines = "\n".join(f"data: {line}" for line in payload.splitlines() or [""])
    return f"{name}{lines}\n\n".encode("utf-8", "surrogatepass")


def _frame(payload: str) -> bytes:
    """Return a frame of AWS's event streams: the payload's one key is the name of its event."""
    event = _object(payload)
    name, content = next(iter(event.items())) if len(event) == 1 else ("chunk", None)
    body = payload.encode("utf-8", "surrogatepass") if content is None else orjson.dumps(content)
    if name == "chunk" and content is None:
        body = orjson.dumps({"bytes": base64.b64encode(body).decode()})
    headers = b"".join(
        _header(key, value)
        for key, value in (
            (":event-type", name),
            (":content-type", "application/json"),
            (":message-type", "event"),
        )
    )
    prelude = struct.pack("!II", len(headers) + len(body) + _AROUND_FRAME, len(headers))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + headers + body
    return message + struct.pack("!I", zlib.crc32(message))


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return struct.pack("!B", len(key)) + key + struct.pack("!BH", _STRING_HEADER, len(text)) + text


def _object(payload: str) -> JsonObject:
    try:
        value: object = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return {}
    return cast("JsonObject", value) if isinstance(value, dict) else {}
