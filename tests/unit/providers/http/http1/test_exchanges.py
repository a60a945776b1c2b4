"""What comes quickly is read together, and never later than the end of the answer."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from tests.unit.providers.http.http1.rigs import Rig

from routersvc.providers.http.http1.exchanges import MOST_BUFFERED_BYTES, Exchange

HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
FIRST = b"3\r\none\r\n"
END = b"0\r\n\r\n"
LONG = 3_600.0


async def begun(rig: Rig) -> Exchange:
    """Return an exchange of whose answer the first piece has been read."""
    exchange = rig.send()
    rig.receive(HEAD + FIRST)
    await exchange.head()
    assert await anext(exchange) == b"one"
    return exchange


async def gathering(exchange: Exchange) -> asyncio.Task[None]:
    """Return the task of a reader that waits for more, for an hour."""
    task = asyncio.ensure_future(exchange.gather(LONG))  # noqa: TID251 - a reader
    await asyncio.sleep(0)
    return task


async def turns() -> None:
    """Let all that is ready run."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_pieces_before_the_end_are_read_together() -> None:
    """The end itself is not waited for any longer."""
    rig = Rig(asyncio.get_running_loop())
    exchange = await begun(rig)
    reader = await gathering(exchange)

    rig.receive(FIRST, FIRST)
    await turns()
    assert not reader.done()
    rig.receive(FIRST + END)
    await turns()

    assert reader.done()
    assert [piece async for piece in exchange] == [b"oneoneone"]
    assert rig.given_back == 1
    await exchange.gather(LONG)


async def test_time_ends_the_wait() -> None:
    """A provider that pauses keeps nobody waiting."""
    rig = Rig(asyncio.get_running_loop())
    exchange = await begun(rig)

    await exchange.gather(0.0)

    rig.receive(FIRST)
    assert await anext(exchange) == b"one"


async def test_failure_ends_the_wait() -> None:
    """The reader hears of it where it reads."""
    rig = Rig(asyncio.get_running_loop())
    exchange = await begun(rig)
    reader = await gathering(exchange)

    rig.connection.connection_lost(None)
    await reader

    with pytest.raises(httpx.TransportError):
        await anext(exchange)


async def test_as_much_as_is_held_ends_the_wait() -> None:
    """Otherwise the provider would wait for the reader, and the reader for the provider."""
    rig = Rig(asyncio.get_running_loop())
    exchange = await begun(rig)
    reader = await gathering(exchange)

    large = b"a" * (MOST_BUFFERED_BYTES + 1)
    rig.receive(b"%x\r\n%b\r\n" % (len(large), large))
    await reader

    assert await anext(exchange) == large


async def test_reader_that_leaves_ends_the_connection() -> None:
    """As it does while it reads."""
    rig = Rig(asyncio.get_running_loop())
    exchange = await begun(rig)
    reader = await gathering(exchange)

    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader

    assert rig.socket.is_aborted
    assert not rig.running
