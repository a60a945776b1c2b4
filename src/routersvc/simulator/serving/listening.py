"""Reserves a port, so that a killed provider can be revived on the same port.

One socket is bound and never listens: it reserves the port, and connections are refused. A
second socket on the same address listens while the provider is alive. This works on Linux only;
on other systems the port is not reserved while the provider is down.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable

from routersvc.simulator.errors import PortUnavailableError

_BACKLOG = 1024


class Listener:
    """Accepts connections on one port; can stop and start again."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._holder = self._bind(port)
        self.port: int = self._holder.getsockname()[1]
        self._server: asyncio.Server | None = None

    @property
    def authority(self) -> str:
        """Host and port of a URL."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{host}:{self.port}"

    @property
    def listening(self) -> bool:
        """Whether connections are accepted."""
        return self._server is not None

    async def open(self, protocol_factory: Callable[[], asyncio.Protocol]) -> None:
        """Accept connections.

        Raises:
            PortUnavailableError: another process uses the port.
        """
        if self._server is not None:
            return
        loop = asyncio.get_running_loop()
        if sys.platform != "linux":
            self._holder.close()
        accepting = self._bind(self.port)
        try:
            self._server = await loop.create_server(
                protocol_factory, sock=accepting, backlog=_BACKLOG
            )
        except OSError as error:
            accepting.close()
            raise self._unavailable(self.port, error) from error

    def close(self) -> None:
        """Refuse new connections; open ones stay open."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def release(self) -> None:
        """Refuse connections and release the port."""
        self.close()
        self._holder.close()

    def _bind(self, port: int) -> socket.socket:
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                self._host, port, type=socket.SOCK_STREAM
            )[0]
        except OSError as error:
            raise self._unavailable(port, error) from error
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
        except OSError as error:
            bound.close()
            raise self._unavailable(port, error) from error
        return bound

    def _unavailable(self, port: int, error: OSError) -> PortUnavailableError:
        return PortUnavailableError(self._host, port, error.strerror or str(error))
