"""No byte of one exchange becomes the answer to another, whenever it comes."""

from __future__ import annotations

import asyncio
import itertools
import socket
from typing import cast

import pytest
from aiohttp.client_proto import ResponseHandler
from hypothesis import given
from hypothesis import strategies as st

from routersvc.providers.http.aiohttp_pool import PooledProtocol
from routersvc.providers.http.transports import MAX_INTERIM_ANSWERS

STRAY = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nSTRAY"
ANSWERS = {
    "length": b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nown",
    "chunked": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nown\r\n0\r\n\r\n",
    "empty": b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "304": b"HTTP/1.1 304 Not Modified\r\n\r\n",
    "interim": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nown",
}


class FakeSocket:
    """The transport of a connection, whose socket is one end of a pair."""

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()
        self.aborted = False

    def get_extra_info(self, name: str) -> socket.socket | None:
        """Return the socket; there is no TLS."""
        return self.near if name == "socket" else None

    def is_closing(self) -> bool:
        """Return whether the connection was aborted."""
        return self.aborted

    def abort(self) -> None:
        """Record that the connection ends."""
        self.aborted = True

    def close(self) -> None:
        """Record that the connection ends."""
        self.aborted = True


class Line:
    """A connection as the pool sees it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, max_age: float = 60.0) -> None:
        self.transport = FakeSocket()
        self.protocol = PooledProtocol(loop, max_age=max_age)
        self.protocol.connection_made(cast("asyncio.Transport", self.transport))

    def begin(self, *, head: bool = False, sent: bool = True, is_small: bool = True) -> None:
        """Send a request."""
        self.protocol.begin(is_small=is_small)
        self.protocol.set_response_params(read_until_eof=True, skip_payload=head)
        if sent:
            self.protocol.start_timeout()

    async def can_be_used_again(self) -> bool:
        """Return whether the pool would send another request."""
        return (
            not self.protocol.should_close
            and self.protocol.is_connected()
            and await self.protocol.is_reusable()
        )

    def close(self) -> None:
        """Close both ends."""
        self.transport.near.close()
        self.transport.far.close()


def heads(protocol: ResponseHandler) -> int:
    """Return how many answers aiohttp would hand out, and take them."""
    waiting = protocol._buffer  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - `read` waits
    count = len(waiting)
    waiting.clear()
    return count


def swept(cuts: list[int], data: bytes) -> list[bytes]:
    """Return the data cut at these places."""
    places = [0, *sorted({cut for cut in cuts if cut < len(data)}), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(places) if end > start]


@given(
    kind=st.sampled_from(sorted(ANSWERS)),
    cuts=st.lists(st.integers(min_value=1, max_value=200), max_size=4),
    stray=st.sampled_from([STRAY, b"H", b"HTTP/1.1 2", b"x", b"\0", STRAY[:-2], STRAY * 2, b"own"]),
    head=st.booleans(),
)
def test_stray_bytes_end_the_connection(
    kind: str, cuts: list[int], stray: bytes, *, head: bool
) -> None:
    """However an answer and the bytes after it are cut, no other request is sent there."""
    answer = ANSWERS[kind]
    if head:
        answer = answer[: answer.rindex(b"\r\n\r\n") + 4] if kind != "chunked" else ANSWERS["304"]
    loop = asyncio.new_event_loop()
    line = Line(loop)
    try:
        line.begin(head=head)
        for piece in swept(cuts, answer + stray):
            line.protocol.data_received(piece)

        assert not loop.run_until_complete(line.can_be_used_again())
        assert line.transport.aborted
        # None where the bytes made the answer itself unreadable.
        assert heads(line.protocol) <= 1
    finally:
        line.close()
        loop.close()


@given(
    kind=st.sampled_from(sorted(ANSWERS)),
    cuts=st.lists(st.integers(min_value=1, max_value=200), max_size=4),
)
def test_whole_answer_keeps_the_connection(kind: str, cuts: list[int]) -> None:
    """A connection that only ever answers is not thrown away."""
    loop = asyncio.new_event_loop()
    line = Line(loop)
    try:
        for _ in range(3):
            line.begin()
            for piece in swept(cuts, ANSWERS[kind]):
                line.protocol.data_received(piece)
            assert heads(line.protocol) == 1
            assert loop.run_until_complete(line.can_be_used_again())
    finally:
        line.close()
        loop.close()


async def test_bytes_that_the_loop_has_not_read_end_the_connection() -> None:
    """They have come before the next request, and belong to the one before."""
    line = Line(asyncio.get_running_loop())
    line.begin()
    line.protocol.data_received(ANSWERS["204"])
    heads(line.protocol)
    assert await line.can_be_used_again()

    line.transport.far.sendall(b"H")

    assert not await line.can_be_used_again()
    line.close()


@pytest.mark.parametrize("is_small", [True, False])
async def test_answer_before_a_small_request_is_sent_is_stray(*, is_small: bool) -> None:
    """A large request can be refused before all of it was sent; a small one cannot."""
    line = Line(asyncio.get_running_loop())
    line.begin()
    line.protocol.data_received(ANSWERS["204"])
    heads(line.protocol)

    line.begin(sent=False, is_small=is_small)
    line.protocol.data_received(STRAY)

    assert line.transport.aborted is is_small
    assert bool(heads(line.protocol)) is not is_small
    line.close()


async def test_old_connection_is_not_used_again() -> None:
    """It would hide a change of DNS for ever."""
    line = Line(asyncio.get_running_loop(), max_age=0.0)
    line.begin()
    line.protocol.data_received(ANSWERS["204"])
    heads(line.protocol)

    assert line.protocol.should_close
    assert not await line.can_be_used_again()
    line.close()


@pytest.mark.parametrize("more", [0, 1])
async def test_interim_answers_have_a_limit(more: int) -> None:
    """A server that never says more than `100 Continue` has failed."""
    line = Line(asyncio.get_running_loop())
    line.begin()

    line.protocol.data_received(
        b"HTTP/1.1 100 Continue\r\n\r\n" * (MAX_INTERIM_ANSWERS + more) + ANSWERS["length"]
    )

    assert (line.protocol.exception() is not None) is bool(more)
    assert line.transport.aborted is bool(more)
    line.close()


def test_aiohttp_alone_takes_a_stray_answer() -> None:
    """The reason for this module: once this fails, part of it can go."""
    loop = asyncio.new_event_loop()
    protocol = ResponseHandler(loop)
    protocol.set_response_params(read_until_eof=True)

    protocol.data_received(ANSWERS["204"])
    heads(protocol)
    protocol.data_received(STRAY)
    protocol.set_response_params(read_until_eof=True)

    assert heads(protocol) == 1
    loop.close()
