"""No byte of one exchange becomes the answer to another; what cannot be read fails at once."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.providers.http.http1.rigs import Rig

from routersvc.providers.http.http1.connections import (
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    PIECE_BYTES,
)
from routersvc.providers.http.http1.exchanges import MOST_BUFFERED_BYTES
from routersvc.providers.http.transports import MAX_INTERIM_ANSWERS, SMALL_BODY_BYTES

STRAY = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nSTRAY"
ANSWERS = {
    "length": b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nown",
    "chunked": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nown\r\n0\r\n\r\n",
    "trailers": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
    b"1;x=y\r\no\r\n2\r\nwn\r\n0\r\nx-digest: 1\r\n\r\n",
    "bare line feeds": b"HTTP/1.1 200 OK\ncontent-length: 3\n\nown",
    "empty": b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "304": b"HTTP/1.1 304 Not Modified\r\n\r\n",
    "interim": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
    b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nown",
}
EMPTY = {"empty", "204", "304"}


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Return a loop that runs only while a body is read."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def swept(cuts: list[int], data: bytes) -> list[bytes]:
    """Return the data cut at these places."""
    places = [0, *sorted({cut for cut in cuts if cut < len(data)}), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(places) if end > start]


CUTS = st.lists(st.integers(min_value=1, max_value=250), max_size=4)


@given(kind=st.sampled_from(sorted(ANSWERS)), cuts=CUTS)
def test_whole_answer_is_read_and_keeps_the_connection(
    loop: asyncio.AbstractEventLoop, kind: str, cuts: list[int]
) -> None:
    """However its bytes arrive, and also the second time."""
    rig = Rig(loop)
    for number in (1, 2):
        exchange = rig.send()
        rig.receive(*swept(cuts, ANSWERS[kind]))

        assert rig.given_back == number
        assert rig.body_of(exchange) == (b"" if kind in EMPTY else b"own")
        assert not rig.running
    assert not rig.socket.is_aborted


@given(
    kind=st.sampled_from(sorted(ANSWERS)),
    cuts=CUTS,
    stray=st.sampled_from([STRAY, b"H", b"HTTP/1.1 2", b"x", b"\0", STRAY[:-2], STRAY * 2, b"own"]),
    method=st.sampled_from(["POST", "HEAD"]),
)
def test_stray_bytes_end_the_connection(
    loop: asyncio.AbstractEventLoop, kind: str, cuts: list[int], stray: bytes, method: str
) -> None:
    """However an answer and the bytes after it are cut, no other request is sent there."""
    rig = Rig(loop)
    exchange = rig.send(method=method)
    rig.receive(*swept(cuts, ANSWERS[kind] + stray))

    assert rig.socket.is_aborted
    assert rig.losses
    if kind != "trailers" and method == "POST":
        assert rig.body_of(exchange) == (b"" if kind in EMPTY else b"own")


def test_answer_to_head_has_no_body(loop: asyncio.AbstractEventLoop) -> None:
    """The parser cannot know it; the connection is not used again."""
    rig = Rig(loop)
    exchange = rig.send(method="HEAD")

    rig.receive(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n")

    assert rig.body_of(exchange) == b""
    assert rig.socket.is_aborted
    assert not rig.given_back


@pytest.mark.parametrize("head", [b"", b"connection: close\r\n"])
def test_answer_without_length_ends_with_its_connection(
    loop: asyncio.AbstractEventLoop, head: bytes
) -> None:
    """Its end is an orderly one."""
    rig = Rig(loop)
    exchange = rig.send()
    rig.receive(b"HTTP/1.1 200 OK\r\n" + head + b"\r\nown")
    assert not exchange.is_complete

    rig.connection.connection_lost(None)

    assert rig.body_of(exchange) == b"own"
    assert not rig.given_back


@pytest.mark.parametrize(
    ("received", "error", "expected"),
    [
        (b"", None, httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nx", None, httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\now", None, httpx.RemoteProtocolError),
        (ANSWERS["chunked"][:-2], None, httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\n\r\now", ConnectionResetError(), httpx.ReadError),
    ],
    ids=["nothing", "head", "length", "chunked", "reset"],
)
def test_answer_that_is_cut_is_none(
    loop: asyncio.AbstractEventLoop,
    received: bytes,
    error: Exception | None,
    expected: type[Exception],
) -> None:
    """Whatever part of it has come."""
    rig = Rig(loop)
    exchange = rig.send()
    if received:
        rig.receive(received)

    rig.connection.connection_lost(error)

    with pytest.raises(expected) as failed:
        rig.body_of(exchange)
    assert failed.value.__cause__ is error
    assert not rig.running


LONG = b"x" * (6 * MAX_HEAD_BYTES)
OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        OK + b"x-long: " + LONG + b"\r\n\r\n",
        OK + b"x: y\r\n" * (MAX_HEADERS + 1) + b"\r\n",
        OK + b"transfer-encoding: gzip\r\n\r\n",
        OK + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        OK + b"content-length: 3\r\ncontent-length: 4\r\n\r\nowns",
        OK + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\nown",
        OK + b"transfer-encoding: chunked\r\n\r\nnonsense\r\n",
        OK + b"transfer-encoding: chunked\r\n\r\n3;" + LONG,
        OK + b"transfer-encoding: chunked\r\n\r\n3\r\nown\r\n0\r\n" + b"x: y\r\n" * MAX_HEAD_BYTES,
        b"HTTP/1.1 100 Continue\r\n\r\n" * (MAX_INTERIM_ANSWERS + 1),
    ],
    ids=range(12),
)
@pytest.mark.parametrize("size", [1_000, 2 * MAX_HEAD_BYTES])
def test_answer_that_cannot_be_read_fails_at_once(
    loop: asyncio.AbstractEventLoop, answer: bytes, size: int
) -> None:
    """Nobody waits for more of it, and nothing of it piles up."""
    rig = Rig(loop)
    exchange = rig.send()

    for start in range(0, len(answer), size):
        if not rig.socket.is_aborted:
            rig.receive(answer[start : start + size])

    assert rig.socket.is_aborted
    with pytest.raises(httpx.DecodingError):
        rig.body_of(exchange)
    assert not rig.running


def test_switch_of_protocols_is_an_answer_and_the_end(loop: asyncio.AbstractEventLoop) -> None:
    """What follows is not HTTP."""
    rig = Rig(loop)
    exchange = rig.send()

    rig.receive(
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n\0\1"
    )

    assert (exchange.status, rig.body_of(exchange)) == (101, b"")
    assert rig.socket.is_aborted


def test_slow_reader_stops_the_provider(loop: asyncio.AbstractEventLoop) -> None:
    """And lets it go on once all has been read."""
    rig = Rig(loop)
    exchange = rig.send()
    rig.receive(OK + b"content-length: 1000000\r\n\r\n", b"x" * MOST_BUFFERED_BYTES)
    assert not rig.socket.is_paused

    rig.receive(b"x")

    assert rig.socket.is_paused
    assert len(loop.run_until_complete(anext(exchange))) == MOST_BUFFERED_BYTES + 1
    assert not rig.socket.is_paused


def test_large_request_is_written_as_it_is_taken(loop: asyncio.AbstractEventLoop) -> None:
    """In pieces, between which others have their turn."""
    rig = Rig(loop)
    body = bytes(range(256)) * (PIECE_BYTES // 64)
    rig.send(body)
    rig.connection.pause_writing()
    turn = asyncio.sleep(0)
    loop.run_until_complete(turn)
    assert len(rig.socket.written) == 2

    rig.connection.resume_writing()
    for _ in range(3):
        loop.run_until_complete(asyncio.sleep(0))

    assert b"".join(rig.socket.written) == b"HEAD" + body
    assert max(map(len, rig.socket.written)) == PIECE_BYTES


@pytest.mark.parametrize("taken", [False, True])
def test_connection_is_not_used_again_before_the_request_has_left(
    loop: asyncio.AbstractEventLoop, *, taken: bool
) -> None:
    """A provider may refuse a large request before it has read it."""
    rig = Rig(loop)
    exchange = rig.send(b"x" * (SMALL_BODY_BYTES + 1 if taken else 2 * PIECE_BYTES))
    rig.socket.unwritten = 1 if taken else 0

    rig.receive(b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nown")

    assert rig.body_of(exchange) == b"own"
    assert not rig.given_back
    assert rig.socket.is_aborted


def test_bytes_that_are_no_answer_close_an_idle_connection(
    loop: asyncio.AbstractEventLoop,
) -> None:
    """Even a single one."""
    rig = Rig(loop)
    exchange = rig.send()
    rig.receive(ANSWERS["length"])

    rig.receive(b"H")

    assert rig.socket.is_aborted
    assert rig.losses
    assert rig.body_of(exchange) == b"own"


def test_leaving_an_answer_whose_end_has_come_touches_no_connection(
    loop: asyncio.AbstractEventLoop,
) -> None:
    """It may serve another request already."""
    rig = Rig(loop)
    first = rig.send()
    rig.receive(ANSWERS["length"])
    second = rig.send()

    first.abort()

    assert not rig.socket.is_aborted
    rig.receive(ANSWERS["chunked"])
    assert rig.body_of(second) == b"own"
    assert not rig.running
