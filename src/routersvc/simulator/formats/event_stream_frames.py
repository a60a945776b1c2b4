"""Frames of the AWS event stream: a prelude, headers, a payload, and two checksums.

    4 bytes  length of the whole frame       4 bytes  length of the headers
    4 bytes  CRC-32 of these eight           headers, payload
    4 bytes  CRC-32 of everything before

A header is a length-prefixed name, the type 7 (text) and a length-prefixed value.
Source: the event stream encoding in the Amazon Transcribe and S3 Select guides; other
types of headers are not needed here.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping

_PRELUDE = struct.Struct("!II")
_CHECKSUM = struct.Struct("!I")
_NAME_LENGTH = struct.Struct("!B")
_VALUE = struct.Struct("!BH")
_TEXT = 7
_OVERHEAD = _PRELUDE.size + 2 * _CHECKSUM.size


def frame(headers: Iterable[tuple[str, str]], payload: bytes) -> bytes:
    """Return one frame."""
    written = b"".join(_header(name, value) for name, value in headers)
    prelude = _PRELUDE.pack(_OVERHEAD + len(written) + len(payload), len(written))
    checked = prelude + _CHECKSUM.pack(zlib.crc32(prelude)) + written + payload
    return checked + _CHECKSUM.pack(zlib.crc32(checked))


def event(kind: str, payload: bytes) -> bytes:
    """Return a frame that carries an event."""
    return frame(
        (
            (":event-type", kind),
            (":content-type", "application/json"),
            (":message-type", "event"),
        ),
        payload,
    )


def exception(kind: str, payload: bytes) -> bytes:
    """Return a frame that carries an exception: the last of its stream."""
    return frame(
        (
            (":exception-type", kind),
            (":content-type", "application/json"),
            (":message-type", "exception"),
        ),
        payload,
    )


def with_half_the_payload(frames: bytes) -> bytes:
    """Return the first frame with half of its payload and valid checksums."""
    total, headers_length = _PRELUDE.unpack_from(frames)
    start = _PRELUDE.size + _CHECKSUM.size
    end = start + headers_length
    payload = frames[end : total - _CHECKSUM.size]
    return frame(_headers(frames[start:end]).items(), payload[: len(payload) // 2])


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return _NAME_LENGTH.pack(len(key)) + key + _VALUE.pack(_TEXT, len(text)) + text


def _headers(data: bytes) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    while data:
        length = data[0]
        name, data = data[1 : 1 + length], data[1 + length :]
        _, size = _VALUE.unpack_from(data)
        headers[name.decode()] = data[_VALUE.size : _VALUE.size + size].decode()
        data = data[_VALUE.size + size :]
    return headers
