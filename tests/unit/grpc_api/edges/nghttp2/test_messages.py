"""Messages are assembled from DATA, wherever it is cut."""

from __future__ import annotations

import functools
import gzip
import zlib
from collections.abc import Callable

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.grpc_api.edges.nghttp2.limits import RefusedCallError
from routersvc.grpc_api.edges.nghttp2.messages import PREFIX_BYTES, MessageReader, framed

COMPRESSIONS: dict[bytes, Callable[[bytes], bytes]] = {
    b"gzip": functools.partial(gzip.compress, mtime=0),
    b"deflate": functools.partial(zlib.compress, level=6),
}


def compressed(message: bytes, encoding: bytes) -> bytes:
    """Return a message with its prefix, compressed."""
    return b"\x01" + framed(COMPRESSIONS[encoding](message))[1:]


@given(st.data())
def test_messages_arrive_in_any_pieces(data: st.DataObject) -> None:
    """Compressed and plain ones may alternate; nothing is taken before it is complete."""
    encoding = data.draw(st.sampled_from([b"", b"identity", b"gzip", b"deflate"]))
    messages = data.draw(st.lists(st.binary(max_size=300), max_size=5))
    wire = b"".join(
        compressed(message, encoding)
        if encoding in COMPRESSIONS and data.draw(st.booleans())
        else framed(message)
        for message in messages
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=12)))
    reader = MessageReader(encoding=encoding, max_bytes=300 + PREFIX_BYTES)

    taken: list[bytes] = []
    for start, end in zip([0, *cuts], [*cuts, len(wire)], strict=True):
        reader.feed(wire[start:end])
        while (message := reader.take()) is not None:
            taken.append(message)
        assert reader.missing() > 0

    assert (taken, len(reader)) == (messages, 0)


def test_missing_bytes_are_known_from_the_prefix_on() -> None:
    """By them the receive window is opened."""
    reader = MessageReader(encoding=b"", max_bytes=100)
    missing = [reader.missing()]
    for piece in (b"\0\0\0", b"\0\x0a", b"01234", b"56789"):
        reader.feed(piece)
        missing.append(reader.missing())

    assert missing == [5, 2, 10, 5, 0]
    assert reader.take() == b"0123456789"


@pytest.mark.parametrize(
    ("encoding", "wire", "code", "message"),
    [
        (b"", framed(bytes(101)), "RESOURCE_EXHAUSTED", r"larger than max \(101 vs. 100\)"),
        (b"gzip", compressed(bytes(10**6), b"gzip"), "RESOURCE_EXHAUSTED", "larger than max"),
        (b"gzip", compressed(bytes(50), b"deflate"), "INTERNAL", "cannot be decompressed"),
        (
            b"gzip",
            b"\x01" + framed(gzip.compress(bytes(50), mtime=0)[:-4])[1:],
            "INTERNAL",
            "compressed message is incomplete",
        ),
        (b"identity", b"\x01\0\0\0\0", "INTERNAL", "has no encoding"),
        (b"", b"\x05\0\0\0\0", "INTERNAL", "invalid compression flag 5"),
    ],
    ids=["large", "bomb", "other compression", "cut", "no encoding", "flag"],
)
def test_invalid_message_is_refused(encoding: bytes, wire: bytes, code: str, message: str) -> None:
    """A bomb of a megabyte before it is a megabyte."""
    # The limit is that of the compressed bytes, too.
    reader = MessageReader(encoding=encoding, max_bytes=1_100 if len(wire) > 200 else 100)
    reader.feed(wire)

    with pytest.raises(RefusedCallError, match=message) as caught:
        reader.take()

    assert caught.value.code is grpc.StatusCode[code]


def test_unknown_compression_is_refused_with_the_known_ones() -> None:
    """Before any message."""
    with pytest.raises(RefusedCallError, match="identity,deflate,gzip") as caught:
        MessageReader(encoding=b"br", max_bytes=1)

    assert caught.value.code is grpc.StatusCode.UNIMPLEMENTED
