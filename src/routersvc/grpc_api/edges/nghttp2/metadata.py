"""Headers of gRPC over HTTP/2: requests are read, responses and trailers are written.

The rules are those of PROTOCOL-HTTP2.md in the gRPC repository; where it is silent, those of gRPC's
core, which the other edge uses.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import urllib.parse
from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

import grpc

from routersvc.grpc_api.edges.nghttp2.limits import MAX_METADATA_BYTES, RefusedCallError

Header: TypeAlias = tuple[bytes, bytes]

HEADER_OVERHEAD = 32
"""What RFC 9113 adds to the size of each field in a header list."""

ACCEPTED_ENCODINGS = b"identity,deflate,gzip"

RESPONSE_HEADERS: tuple[Header, ...] = (
    (b":status", b"200"),
    (b"content-type", b"application/grpc"),
    (b"grpc-accept-encoding", ACCEPTED_ENCODINGS),
)

MAX_TIMEOUT = 10.0 * 365 * 86_400
"""Seconds. `99999999H` is a timeout, too, but no event loop has a timer for it."""

_TIMEOUT_UNITS = {b"H": 3_600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}
_MAX_TIMEOUT_DIGITS = 8
_CONTENT_TYPE = b"application/grpc"
_BINARY_SUFFIX = b"-bin"
_OWN_HEADERS = frozenset(
    {
        b"te",
        b"content-type",
        b"grpc-timeout",
        b"grpc-encoding",
        b"grpc-accept-encoding",
        b"content-length",
        b"host",
        b":method",
        b":scheme",
        b":authority",
        b":path",
        b":protocol",
    }
)
"""Headers of gRPC and HTTP/2 themselves, which are not metadata of the call."""

_PRINTABLE = frozenset(range(0x20, 0x7F))
_UNESCAPED = bytes(sorted(_PRINTABLE - {ord("%")})).decode()


class Metadatum(NamedTuple):
    """One entry of the metadata, as grpc's own servers hand it out."""

    key: str
    value: str | bytes


class NotGrpcError(Exception):
    """A request that is not gRPC: it is answered with an HTTP status."""

    def __init__(self, http_status: int, reason: str) -> None:
        super().__init__(reason)
        self.http_status = http_status


@dataclasses.dataclass(slots=True)
class RequestHead:
    """What the headers of a request say; interceptors take it as the details of a call.

    `timeout` is in seconds, `None` without a deadline.
    """

    method: str
    invocation_metadata: tuple[Metadatum, ...]
    timeout: float | None
    encoding: bytes


def request_head(headers: Iterable[Header]) -> RequestHead:
    """Read the headers of a request.

    Raises:
        NotGrpcError: it is not a gRPC request.
        RefusedCallError: it is one, but an invalid one.
    """
    own: dict[bytes, bytes] = {}
    metadata: list[Metadatum] = []
    size = 0
    for name, value in headers:
        size += len(name) + len(value) + HEADER_OVERHEAD
        if name in _OWN_HEADERS:
            own[name] = value
        elif name.endswith(_BINARY_SUFFIX):
            metadata.extend(_binary(name, value))
        else:
            metadata.append(Metadatum(name.decode("latin-1"), _text(value)))
    if own.get(b":method") != b"POST":
        raise NotGrpcError(405, "gRPC requests are POST")
    if not _is_grpc(own.get(b"content-type", b"")):
        raise NotGrpcError(415, "the content-type is not application/grpc")
    if size > MAX_METADATA_BYTES:
        raise RefusedCallError(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            f"request metadata is {size} bytes: at most {MAX_METADATA_BYTES}",
        )
    if own.get(b"te") != b"trailers":
        raise RefusedCallError(
            grpc.StatusCode.UNKNOWN, "the request has no `te: trailers`: a proxy has changed it"
        )
    timeout = timeout_of(own[b"grpc-timeout"]) if b"grpc-timeout" in own else None
    if timeout == 0.0:
        raise RefusedCallError(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
    return RequestHead(
        method=_text(own.get(b":path", b"")),
        invocation_metadata=tuple(metadata),
        timeout=timeout,
        encoding=own.get(b"grpc-encoding", b""),
    )


def timeout_of(value: bytes) -> float:
    """Return the seconds of a `grpc-timeout`: one to eight digits and a unit.

    Raises:
        RefusedCallError: it is something else.
    """
    unit = _TIMEOUT_UNITS.get(value[-1:])
    digits = value[:-1]
    if unit is None or len(digits) > _MAX_TIMEOUT_DIGITS or not digits.isdigit():
        raise RefusedCallError(grpc.StatusCode.INTERNAL, "the grpc-timeout is invalid")
    return min(int(digits) * unit, MAX_TIMEOUT)


def percent_encoded(message: str) -> bytes:
    """Return a status message as `grpc-message` carries it: UTF-8, escaped outside of ASCII."""
    if message.isascii() and message.isprintable() and "%" not in message:
        return message.encode()
    return urllib.parse.quote(message, safe=_UNESCAPED, errors="replace").encode()


def encoded_metadata(metadata: Iterable[tuple[str, str | bytes]]) -> list[Header]:
    """Return metadata as headers; values of `-bin` keys in base64 without padding.

    Raises:
        ValueError: a key or value cannot be a header.
    """
    headers: list[Header] = []
    for key, value in metadata:
        name = key.encode("ascii")
        if name.endswith(_BINARY_SUFFIX):
            raw = value.encode() if isinstance(value, str) else value
            headers.append((name, base64.b64encode(raw).rstrip(b"=")))
            continue
        text = value.encode("ascii") if isinstance(value, str) else value
        if not _PRINTABLE.issuperset(text):
            raise ValueError(f"the value of metadata `{key}` is not printable ASCII")
        headers.append((name, text))
    return headers


def status_headers(code: grpc.StatusCode, message: str) -> list[Header]:
    """Return a status as trailers."""
    number: int = code.value[0]
    headers = [(b"grpc-status", b"%d" % number)]
    if message:
        headers.append((b"grpc-message", percent_encoded(message)))
    return headers


def refusal_headers(error: NotGrpcError | RefusedCallError) -> tuple[Header, ...]:
    """Return the headers, and only frame, of the answer to a request without a handler."""
    if isinstance(error, RefusedCallError):
        return (*RESPONSE_HEADERS, *status_headers(error.code, error.message))
    return (
        (b":status", b"%d" % error.http_status),
        (b"content-type", b"text/plain"),
        *status_headers(grpc.StatusCode.INTERNAL, str(error)),
    )


def _is_grpc(content_type: bytes) -> bool:
    if content_type == _CONTENT_TYPE:
        return True
    lower = content_type.lower()
    return lower.startswith(_CONTENT_TYPE) and lower[len(_CONTENT_TYPE) :][:1] in {b"", b"+", b";"}


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _binary(name: bytes, value: bytes) -> Iterable[Metadatum]:
    """Return the entries of a binary header, whose values a proxy may have joined with commas."""
    key = name.decode("latin-1")
    for part in value.split(b","):
        stripped = part.strip().rstrip(b"=")
        try:
            raw = base64.b64decode(stripped + b"=" * (-len(stripped) % 4), validate=True)
        except binascii.Error:
            raise RefusedCallError(
                grpc.StatusCode.INTERNAL, f"the value of metadata `{key}` is not base64"
            ) from None
        yield Metadatum(key, raw)
