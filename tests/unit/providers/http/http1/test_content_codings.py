"""Encoded answers are unpacked piece by piece, and what cannot be unpacked is a failure."""

from __future__ import annotations

import gzip
import zlib

import httpx
import pytest

from routersvc.providers.http.http1.content_codings import PIECE_BYTES, UnpackedStream
from routersvc.providers.http.transports import LingeringStream

REQUEST = httpx.Request("GET", "http://a/")
TEXT = b"some text, " * 1_000


class Packed(LingeringStream):
    """A body that comes in these pieces, and how it was left."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.left: list[str] = []

    def __aiter__(self) -> Packed:
        return self

    async def __anext__(self) -> bytes:
        if not self.pieces:
            raise StopAsyncIteration
        return self.pieces.pop(0)

    async def aclose(self) -> None:
        """Record that the body is closed."""
        self.left.append("closed")

    def linger(self) -> None:
        """Record that the body is left."""
        self.left.append("lingers")


def raw_deflate(data: bytes) -> bytes:
    """Return what some servers send as deflate."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


async def unpacked(coding: str, *pieces: bytes) -> list[bytes]:
    """Return the pieces of an unpacked body."""
    return [piece async for piece in UnpackedStream(Packed(*pieces), coding, REQUEST)]


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(TEXT, mtime=0)),
        ("x-gzip", gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:])),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
    ],
    ids=["gzip", "two members", "zlib", "raw deflate"],
)
@pytest.mark.parametrize("size", [1, 7, 100_000])
async def test_encoded_body_is_unpacked(coding: str, packed: bytes, size: int) -> None:
    """However it arrives."""
    pieces = [packed[start : start + size] for start in range(0, len(packed), size)]

    assert b"".join(await unpacked(coding, *pieces)) == TEXT


async def test_small_body_that_unpacks_to_much_comes_in_pieces() -> None:
    """Its reader has a limit, and gets no more at once than it can count."""
    bomb = gzip.compress(bytes(50 * PIECE_BYTES))

    assert {len(piece) for piece in await unpacked("gzip", bomb)} == {PIECE_BYTES}


@pytest.mark.parametrize(
    "packed", [b"nonsense", gzip.compress(TEXT, mtime=0)[:-9], gzip.compress(TEXT, mtime=0) + b"x"]
)
async def test_body_that_cannot_be_unpacked_is_a_failure(packed: bytes) -> None:
    """Also one that is cut, or followed by something else."""
    with pytest.raises(httpx.DecodingError):
        await unpacked("gzip", packed)


@pytest.mark.parametrize("coding", ["br", "gzip, gzip", "zstd"])
def test_unknown_encoding_is_a_failure(coding: str) -> None:
    """Nobody asked for it."""
    with pytest.raises(httpx.DecodingError):
        UnpackedStream(Packed(), coding, REQUEST)


async def test_body_is_left_as_the_one_below_it() -> None:
    """The connection is that one's."""
    packed = Packed()
    stream = UnpackedStream(packed, "gzip", REQUEST)

    stream.linger()
    await stream.aclose()

    assert packed.left == ["lingers", "closed"]
