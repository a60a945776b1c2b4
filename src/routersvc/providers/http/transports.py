"""What every transport to a provider has beside httpx's transport interface."""

from __future__ import annotations

import abc
import base64
import dataclasses

import httpx

LINGER_TIME = 0.1
"""Seconds that a complete answer's connection is kept for its end to arrive, so that it can be
used again. The end follows the last event at once; a longer wait would only hold sockets."""

SMALL_BODY_BYTES = 32 * 1024
"""A request up to this size is sent whole before its answer can come."""

MAX_INTERIM_ANSWERS = 16
"""Interim answers (1xx) before the answer itself: servers send one or two."""

SWITCHING_PROTOCOLS = 101
"""The one interim status that is the answer: nothing of HTTP follows it."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionCounts:
    """Connections that serve an attempt, await the end of a complete answer, or wait for use."""

    in_use: int
    lingering: int
    idle: int


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ProxyAddress:
    """An HTTP proxy: https requests pass it by `CONNECT`. Without a `username` it asks for none."""

    url: str
    username: str = ""
    password: str = dataclasses.field(default="", repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """The credential for the proxy."""
        if not self.username:
            return {}
        pair = f"{self.username}:{self.password}".encode()
        return {"Proxy-Authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TransportOptions:
    """How the connections to one provider are made and kept.

    `max_connections` is how many requests run at once; a further one is refused with
    `httpx.PoolTimeout`. `keep_alive` is how long an idle connection is kept, `max_age` how old one
    may be to be used again, in seconds. `ca_file` replaces the system's certificate authorities.
    """

    max_connections: int = 1_000
    keep_alive: float = 60.0
    max_age: float = 600.0
    proxy: ProxyAddress | None = None
    verify_tls: bool = True
    ca_file: str | None = None

    def __post_init__(self) -> None:
        if self.max_connections < 1:
            raise ValueError("`max_connections` must be at least 1")
        if self.keep_alive <= 0:
            raise ValueError("`keep_alive` is in seconds and must be greater than 0")
        if self.max_age <= 0:
            raise ValueError("`max_age` is in seconds and must be greater than 0")


class ProviderTransport(httpx.AsyncBaseTransport, abc.ABC):
    """A transport of this package: it counts its connections."""

    @property
    @abc.abstractmethod
    def connections(self) -> ConnectionCounts:
        """How many connections there are now."""


class LingeringStream(httpx.AsyncByteStream, abc.ABC):
    """A body that can be left before its end without losing the connection."""

    async def gather(self, seconds: float) -> None:
        """Wait for the end of the body, or so long, so that what comes meanwhile is read at once.

        Raises nothing about the body: reading it does. Not every transport waits.
        """

    @abc.abstractmethod
    def linger(self) -> None:
        """Return the connection to the pool once the rest has arrived, or close it soon."""
