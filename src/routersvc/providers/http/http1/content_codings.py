"""Undoes the content encoding of an answer, a bounded piece at a time.

Nothing but `identity` is asked for; some gateways compress all the same. A small body can unpack to
gigabytes: no more than one piece is ever unpacked ahead of its reader.
"""

from __future__ import annotations

import zlib

import httpx

from routersvc.providers.http.transports import LingeringStream

PIECE_BYTES = 64 * 1024
"""Bytes that are unpacked at once."""

_GZIP = 16 + zlib.MAX_WBITS
_RAW = -zlib.MAX_WBITS
_ZLIB_METHOD = 0x08
"""The low four bits of the first byte of a zlib stream; of raw deflate, they are rarely these."""


class UnpackedStream(LingeringStream):
    """The body of an answer that is encoded with gzip or deflate.

    `coding` is the value of the header, in lower case.

    Raises:
        httpx.DecodingError: the encoding is not supported.
    """

    def __init__(self, packed: LingeringStream, coding: str, request: httpx.Request) -> None:
        if coding not in {"gzip", "x-gzip", "deflate"}:
            raise httpx.DecodingError("unsupported content encoding", request=request)
        self._packed = packed
        self._pieces = aiter(packed)
        self._is_gzip = coding != "deflate"
        self._request = request
        self._inflater = zlib.decompressobj(_GZIP) if self._is_gzip else None
        self._rest = b""

    def __aiter__(self) -> UnpackedStream:
        return self

    async def __anext__(self) -> bytes:
        while True:
            while self._rest:
                piece = self._unpack()
                if piece:
                    return piece
            try:
                self._rest = await anext(self._pieces)
            except StopAsyncIteration:
                if self._inflater is not None and not self._inflater.eof:
                    raise httpx.DecodingError(
                        "the encoded content is cut", request=self._request
                    ) from None
                raise

    async def aclose(self) -> None:
        """Abort the response, unless its end has arrived."""
        await self._packed.aclose()

    async def gather(self, seconds: float) -> None:
        """Wait as the packed body does."""
        await self._packed.gather(seconds)

    def linger(self) -> None:
        """Return the connection to the pool once the rest has arrived."""
        self._packed.linger()

    def _unpack(self) -> bytes:
        """Return what the next bytes unpack to, and keep those that are left."""
        if self._inflater is None or self._inflater.eof:
            self._inflater = zlib.decompressobj(self._window())
        inflater = self._inflater
        try:
            piece = inflater.decompress(self._rest, PIECE_BYTES)
        except zlib.error as error:
            raise httpx.DecodingError("invalid content encoding", request=self._request) from error
        # After the end of one gzip member, another may follow.
        self._rest = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
        return piece

    def _window(self) -> int:
        if self._is_gzip:
            return _GZIP
        # "deflate" is zlib by the standard and raw deflate by what some servers send.
        return zlib.MAX_WBITS if self._rest[0] & 0x0F == _ZLIB_METHOD else _RAW
