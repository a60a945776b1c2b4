"""Messages of AWS's event streams, made by hand."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

JsonObject = dict[str, Any]

EVENT_STREAM = "application/vnd.amazon.eventstream"


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Return one message of AWS's event streams, with text for headers."""
    encoded = b"".join(
        struct.pack("!B", len(name))
        + name.encode()
        + struct.pack("!BH", 7, len(value))
        + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack("!II", len(encoded) + len(payload) + 16, len(encoded))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + encoded + payload
    return message + struct.pack("!I", zlib.crc32(message))


def event_frame(name: str, payload: JsonObject) -> bytes:
    """Return an event of AWS's event streams."""
    headers = {
        ":event-type": name,
        ":content-type": "application/json",
        ":message-type": "event",
    }
    return frame(headers, json.dumps(payload).encode())
