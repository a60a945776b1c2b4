"""The messages in the DATA of a call: length-prefixed, cut anywhere, perhaps compressed."""

from __future__ import annotations

import struct
import zlib
from typing import Final

import grpc

from routersvc.grpc_api.edges.nghttp2.limits import RefusedCallError
from routersvc.grpc_api.edges.nghttp2.metadata import ACCEPTED_ENCODINGS

PREFIX_BYTES = 5

_PREFIX: Final = struct.Struct(">BI")

_WINDOW_BITS = {b"gzip": 31, b"deflate": 15}
"""zlib's `wbits` of each compression."""


def framed(message: bytes) -> bytes:
    """Return a message with its prefix, uncompressed."""
    return _PREFIX.pack(0, len(message)) + message


class MessageReader:
    """Assembles the messages of one call from its DATA.

    A message above `max_bytes` is refused as soon as its prefix has arrived; a compressed one also
    as soon as its content exceeds it.
    """

    __slots__ = ("_encoding", "_max_bytes", "_parts", "_size")

    def __init__(self, *, encoding: bytes, max_bytes: int) -> None:
        if encoding and encoding != b"identity" and encoding not in _WINDOW_BITS:
            raise RefusedCallError(
                grpc.StatusCode.UNIMPLEMENTED,
                f"grpc-encoding `{encoding.decode('latin-1')}` is not supported: "
                f"{ACCEPTED_ENCODINGS.decode()}",
            )
        self._encoding = encoding
        self._max_bytes = max_bytes
        self._parts: list[bytes] = []
        self._size = 0

    def __len__(self) -> int:
        """Return how many bytes wait to become a message."""
        return self._size

    def feed(self, data: bytes) -> None:
        """Add DATA."""
        self._parts.append(data)
        self._size += len(data)

    def missing(self) -> int:
        """Return how many bytes of the next message have not arrived, as far as is known.

        Raises:
            RefusedCallError: the next message is too large.
        """
        if self._size < PREFIX_BYTES:
            return PREFIX_BYTES - self._size
        return max(0, PREFIX_BYTES + self._length() - self._size)

    def take(self) -> bytes | None:
        """Return the next message, `None` if it has not arrived.

        Raises:
            RefusedCallError: it is too large, or its compression is invalid.
        """
        if self._size < PREFIX_BYTES:
            return None
        length = self._length()
        end = PREFIX_BYTES + length
        if self._size < end:
            return None
        flag, message = self._parts[0][0], self._taken(end)
        if flag == 0:
            return message
        if flag != 1:
            raise RefusedCallError(grpc.StatusCode.INTERNAL, f"invalid compression flag {flag}")
        return self._decompressed(message)

    def _length(self) -> int:
        if len(self._parts[0]) < PREFIX_BYTES:
            self._joined()
        length: int
        _, length = _PREFIX.unpack_from(self._parts[0])
        if length > self._max_bytes:
            raise self._too_large(length)
        return length

    def _taken(self, end: int) -> bytes:
        """Return what stands behind the prefix and before `end`, and keep the rest.

        A message whose DATA ends with it, as nearly every one does, is copied once.
        """
        parts = self._parts
        self._size -= end
        if not self._size:
            self._parts = []
            parts[0] = parts[0][PREFIX_BYTES:]
            return b"".join(parts)
        data = self._joined()
        self._parts = [data[end:]]
        return data[PREFIX_BYTES:end]

    def _joined(self) -> bytes:
        if len(self._parts) > 1:
            self._parts = [b"".join(self._parts)]
        return self._parts[0]

    def _decompressed(self, message: bytes) -> bytes:
        bits = _WINDOW_BITS.get(self._encoding)
        if bits is None:
            raise RefusedCallError(
                grpc.StatusCode.INTERNAL, "a message is compressed, but the call has no encoding"
            )
        engine = zlib.decompressobj(bits)
        try:
            content = engine.decompress(message, self._max_bytes + 1)
        except zlib.error:
            raise RefusedCallError(
                grpc.StatusCode.INTERNAL, "a message cannot be decompressed"
            ) from None
        if len(content) > self._max_bytes:
            raise self._too_large(len(content))
        if not engine.eof:
            raise RefusedCallError(grpc.StatusCode.INTERNAL, "a compressed message is incomplete")
        return content

    def _too_large(self, length: int) -> RefusedCallError:
        return RefusedCallError(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            f"Received message larger than max ({length} vs. {self._max_bytes})",
        )
