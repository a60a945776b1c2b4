"""Addresses are looked up once for many connections."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

import pytest

from routersvc.providers.http.http1.addresses import LIFETIME, AddressInfo, HostAddresses

PORT = 443
ONE, TWO = (
    (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, PORT))
    for host in ("192.0.2.1", "192.0.2.2")
)


class Resolver:
    """A resolver that knows a host with two addresses, and answers in a turn of the loop."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> asyncio.Future[Sequence[AddressInfo]]:
        """Start a lookup."""
        assert port == PORT
        self.asked.append(host)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Sequence[AddressInfo]] = loop.create_future()
        if host == "two.example":
            loop.call_soon(future.set_result, (ONE, TWO))
        else:
            loop.call_soon(future.set_exception, socket.gaierror(socket.EAI_NONAME, "unknown"))
        return future


@pytest.fixture
async def known(resolver: Resolver) -> HostAddresses:
    """Return addresses that are asked of the resolver."""
    return HostAddresses(asyncio.get_running_loop(), resolver)


@pytest.fixture
def resolver() -> Resolver:
    """Return the resolver."""
    return Resolver()


async def test_connections_share_a_lookup_and_spread_over_its_addresses(
    known: HostAddresses, resolver: Resolver
) -> None:
    """Also those that come while it runs."""
    found = await asyncio.gather(*(known.of("two.example", PORT) for _ in range(3)))

    assert found == [(ONE, TWO), (TWO, ONE), (ONE, TWO)]
    assert resolver.asked == ["two.example"]


async def test_whoever_leaves_takes_nothing_from_the_others(
    known: HostAddresses, resolver: Resolver
) -> None:
    """A lookup goes on without the call that asked for it."""
    async with asyncio.TaskGroup() as group:
        first = group.create_task(known.of("two.example", PORT))
        second = group.create_task(known.of("two.example", PORT))
        group.create_task(asyncio.sleep(0)).add_done_callback(lambda _: first.cancel())

    assert first.cancelled()
    assert second.result()
    assert resolver.asked == ["two.example"]


async def test_failed_lookup_is_not_remembered(known: HostAddresses, resolver: Resolver) -> None:
    """The next connection asks again."""
    for _ in range(2):
        with pytest.raises(socket.gaierror):
            await known.of("none.example", PORT)

    assert resolver.asked == ["none.example"] * 2


async def test_addresses_are_used_for_a_while(known: HostAddresses, resolver: Resolver) -> None:
    """Then they may have changed."""
    for wait in (0.0, LIFETIME / 2, LIFETIME / 2):
        await asyncio.sleep(wait)
        await known.of("two.example", PORT)

    assert resolver.asked == ["two.example"] * 2


@pytest.mark.parametrize(
    ("host", "address"), [("192.0.2.1", ("192.0.2.1", PORT)), ("::1", ("::1", PORT, 0, 0))]
)
async def test_number_needs_no_lookup(
    known: HostAddresses, resolver: Resolver, host: str, address: tuple[object, ...]
) -> None:
    """It is the address."""
    ((_, _, _, _, found),) = await known.of(host, PORT)

    assert found == address
    assert not resolver.asked
