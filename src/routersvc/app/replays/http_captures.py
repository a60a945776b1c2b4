"""Reads an HTTP response captured with its head, as `curl -i` writes it.

Interim responses (1xx), proxy responses and followed redirects precede the final response and are
skipped. Chunked and compressed bodies are decoded; any other body is taken as it is.
"""

from __future__ import annotations

import re
import zlib

from routersvc.app.replays.recordings import RECEIVED_AT, UnusableRecordError
from routersvc.providers.wire_format import ResponseHead

BEGINNING = b"HTTP/"
"""The first bytes of a captured response."""

MAX_BODY_BYTES = 64 * 1024 * 1024
"""The largest size of a decompressed body, in bytes."""

_STATUS_LINE = re.compile(rb"HTTP/[0-9.]+ ([1-5][0-9]{2})(?: [^\r\n]*)?")
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})(?:;[^\r\n]*)?\r\n")
_GZIP = b"\x1f\x8b"


def response_of_capture(data: bytes) -> tuple[ResponseHead, bytes]:
    """Return the last response of a capture.

    Raises:
        UnusableRecordError: it is not an HTTP response.
    """
    while True:
        head, body = _split(data)
        if not body.startswith(BEGINNING) or _STATUS_LINE.match(body) is None:
            return head, _plain(body, head)
        data = body


def _split(data: bytes) -> tuple[ResponseHead, bytes]:
    status_line = _STATUS_LINE.match(data)
    if status_line is None:
        raise UnusableRecordError("the first line is no HTTP status line")
    end = _END_OF_HEAD.search(data)
    raw, body = (data, b"") if end is None else (data[: end.start()], data[end.end() :])
    headers: dict[str, str] = {}
    for line in raw.splitlines()[1:]:
        name, separator, value = line.decode("latin-1").partition(":")
        if not separator:
            raise UnusableRecordError("a line of the head is no header")
        headers[name.strip().lower()] = value.strip()
    return ResponseHead(status=int(status_line[1]), headers=headers, received_at=RECEIVED_AT), body


def _plain(body: bytes, head: ResponseHead) -> bytes:
    if "chunked" in head.headers.get("transfer-encoding", ""):
        body = _unchunked(body)
    if body.startswith(_GZIP):
        decoder = zlib.decompressobj(wbits=31)
        try:
            body = decoder.decompress(body, MAX_BODY_BYTES)
        except zlib.error:
            raise UnusableRecordError("the compressed body is broken") from None
        if decoder.unconsumed_tail:
            raise UnusableRecordError(f"the body has more than {MAX_BODY_BYTES} bytes")
    return body


def _unchunked(body: bytes) -> bytes:
    """Return the content of a chunked body; the recorder may have joined the chunks already."""
    pieces: list[bytes] = []
    place = 0
    while (size_line := _CHUNK_SIZE.match(body, place)) is not None:
        size = int(size_line[1], 16)
        begin, place = size_line.end(), size_line.end() + size
        if size and body[place : place + 2] not in {b"\r\n", b""}:
            return body
        pieces.append(body[begin:place])
        place += 2
        if not size:
            break
    return b"".join(pieces) if pieces else body
