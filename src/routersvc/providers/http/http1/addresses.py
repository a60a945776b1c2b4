"""Looks up the addresses of hosts, and remembers them for a few seconds.

A burst of new connections would otherwise ask the resolver once for each, in a handful of threads.
"""

from __future__ import annotations

import asyncio
import dataclasses
import ipaddress
import socket
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LIFETIME = 10.0
"""Seconds that addresses are used. Short, since the lifetime in DNS is not known here."""

_KNOWN_HOSTS = 64

AddressInfo: TypeAlias = tuple[int, int, int, str, tuple[object, ...]]
"""An address as `socket.getaddrinfo` gives it: family, type, protocol, name, socket address."""

LookUp: TypeAlias = "Callable[[str, int], asyncio.Future[Sequence[AddressInfo]]]"


@dataclasses.dataclass(kw_only=True, slots=True)
class _Lookup:
    future: asyncio.Future[Sequence[AddressInfo]]
    ends_at: float
    uses: int = 0


class HostAddresses:
    """The addresses of hosts; of several, each new connection begins with another."""

    def __init__(self, loop: asyncio.AbstractEventLoop, look_up: LookUp | None = None) -> None:
        """`look_up` starts a lookup; without, the system's resolver runs in a thread."""
        self._loop = loop
        self._look_up = look_up or self._look_up_in_a_thread
        self._lookups: dict[tuple[str, int], _Lookup] = {}

    async def of(self, host: str, port: int) -> Sequence[AddressInfo]:
        """Return the addresses of a host, in the order in which they should be tried.

        Raises:
            OSError: the lookup failed.
            UnicodeError: it is no name of a host.
        """
        number = _number(host, port)
        if number is not None:
            return (number,)
        now = self._loop.time()
        lookup = self._lookups.get((host, port))
        if lookup is None or now >= lookup.ends_at or _has_failed(lookup.future):
            if len(self._lookups) >= _KNOWN_HOSTS:
                self._lookups.clear()
            # A thread cannot be cancelled: the lookup goes on when the first to ask has gone.
            lookup = _Lookup(
                future=self._look_up(host, port),
                ends_at=now + LIFETIME,
            )
            lookup.future.add_done_callback(_has_failed)
            self._lookups[host, port] = lookup
        found = await asyncio.shield(lookup.future)
        start = lookup.uses % len(found)
        lookup.uses += 1
        return (*found[start:], *found[:start])

    def _look_up_in_a_thread(self, host: str, port: int) -> asyncio.Future[Sequence[AddressInfo]]:
        return self._loop.run_in_executor(None, _looked_up, host, port)


def _looked_up(host: str, port: int) -> Sequence[AddressInfo]:
    found = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_ADDRCONFIG
    )
    if not found:
        raise socket.gaierror(socket.EAI_NONAME, "the host has no address")
    return tuple(found)


def _has_failed(future: asyncio.Future[Sequence[AddressInfo]]) -> bool:
    """Return whether a lookup has failed; looking makes the error one that was retrieved."""
    return future.done() and (future.cancelled() or future.exception() is not None)


def _number(host: str, port: int) -> AddressInfo | None:
    """Return the address of a host that is given by number; `None` for a name."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if address.version == 4:  # noqa: PLR2004 - of the Internet Protocol
        return (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))
    return (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port, 0, 0))
