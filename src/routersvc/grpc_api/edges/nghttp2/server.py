"""The nghttp2 edge: listens, holds the connections and the tasks of all calls, and drains."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import random
import resource
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import grpc
from grpc import aio

from routersvc.grpc_api.certificates import Certificates
from routersvc.grpc_api.edges.nghttp2.calls import Call
from routersvc.grpc_api.edges.nghttp2.connections import Connection
from routersvc.grpc_api.edges.nghttp2.lifetimes import LINGER, Lifetime
from routersvc.grpc_api.edges.nghttp2.limits import Intake
from routersvc.grpc_api.edges.nghttp2.peers import BACKLOG, bound_sockets
from routersvc.grpc_api.edges.nghttp2.serving import Methods, serve
from routersvc.grpc_api.edges.nghttp2.tls import TlsContexts, TlsListener
from routersvc.grpc_api.edges.nghttp2.turns import Starts
from routersvc.grpc_api.server_options import ServerOptions

logger = logging.getLogger(__name__)

RESERVED_DESCRIPTORS = 2_048
"""Descriptors for providers and files, or half of those of the process if it has few."""


class _Listener:
    """The connections of one address, the oldest first.

    Where there is no room for another one, the oldest that has not completed its handshake gives
    way: connections that say nothing keep nobody out.
    """

    def __init__(self, edge: Nghttp2Edge) -> None:
        self.intake = edge.intake
        self.max_message_bytes = edge.options.max_message_bytes
        self.max_streams = edge.options.connections.max_streams
        self.connections: dict[Connection, None] = {}
        self.start = edge.starts.add
        self.idle = edge.changed.set
        self.lifetime = edge.new_lifetime
        self._edge = edge
        self._max_open = edge.options.connections.max_open

    def opened(self, connection: Connection) -> bool:
        """Register a connection; return whether there is room for it."""
        if len(self.connections) >= self._max_open or self._edge.is_full():
            silent = next((each for each in self.connections if not each.lifetime.is_shaken), None)
            if silent is None:
                logger.warning(
                    "connection refused: too many are open",
                    extra={"fields": {"open": len(self.connections)}},
                )
                return False
            silent.abort()
            del self.connections[silent]
        self.connections[connection] = None
        return True

    def closed(self, connection: Connection) -> None:
        """Forget a connection."""
        self.connections.pop(connection, None)
        self.idle()


class Nghttp2Edge:
    """Serves handlers over libnghttp2; with `certificates` in TLS, but for Unix sockets.

    `chance` varies the maximum age of connections.
    """

    def __init__(
        self,
        *,
        options: ServerOptions,
        handlers: Sequence[grpc.GenericRpcHandler],
        interceptors: Sequence[aio.ServerInterceptor],
        chance: random.Random,
        certificates: Certificates | None = None,
    ) -> None:
        self.options = options
        self._tls = None if certificates is None else TlsContexts(certificates)
        self.intake = Intake(max_message_bytes=options.max_message_bytes)
        self._methods = Methods(handlers, interceptors)
        self._chance = chance
        self._loop = asyncio.get_running_loop()
        self.starts = Starts(self._start_call, self._loop)
        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._max_sockets = max(descriptors // 2, descriptors - RESERVED_DESCRIPTORS)
        self._listeners: list[_Listener] = []
        self._servers: list[asyncio.Server] = []
        self._paths: list[Path] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.changed = asyncio.Event()
        self._is_stopped = False

    @property
    def tasks(self) -> int:
        """Tasks of calls that have not ended."""
        return len(self._tasks)

    @property
    def connections(self) -> list[Connection]:
        """All open connections."""
        return [each for listener in self._listeners for each in listener.connections]

    async def start(self) -> tuple[str, ...]:
        """Listen, and return the addresses with their actual ports.

        Raises:
            OSError: an address cannot be bound.
        """
        return tuple([await self._listen(address) for address in self.options.addresses])

    async def stop(self, *, grace: float) -> None:
        """Refuse new calls, give running ones `grace` seconds, cancel the rest, and close."""
        if self._is_stopped:
            return
        self._is_stopped = True
        for server in self._servers:
            server.close()
        for connection in self.connections:
            connection.drain()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self._wait(self._is_idle)
        for connection in self.connections:
            connection.end_calls(grpc.StatusCode.UNAVAILABLE, "the server is stopping")
        for connection in self.connections:
            connection.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2 * LINGER):
                await self._wait(lambda: not self.connections)
        # A handler that ends late, because it cleans up, is waited for.
        await self._wait(lambda: not self._tasks)
        for server in self._servers:
            await server.wait_closed()
        for path in self._paths:
            path.unlink(missing_ok=True)

    # ---- for the connections

    def _start_call(self, call: Call) -> None:
        """Start the task of a call; `stop` waits for it."""
        work = serve(
            call,
            self._methods,
            loop_time=self._loop.time,
            max_bytes=self.options.max_message_bytes,
        )
        call.task = self._loop.create_task(work)
        self._keep(call.task)

    def is_full(self) -> bool:
        """Return whether the connections of all addresses need too many descriptors."""
        return sum(len(each.connections) for each in self._listeners) >= self._max_sockets

    def new_lifetime(self) -> Lifetime:
        """Return the clock of a new connection."""
        return Lifetime(
            self.options.keepalive,
            handshake_timeout=self.options.connections.handshake_timeout,
            age_share=self._chance.uniform(-1.0, 1.0),
            now=self._loop.time(),
        )

    async def _listen(self, address: str) -> str:
        bound, sockets = await asyncio.to_thread(bound_sockets, address)
        listener = _Listener(self)
        self._listeners.append(listener)
        connect = functools.partial(Connection, listener, self._loop)
        secured = connect if self._tls is None else self._tls_listener(connect, self._tls)
        for each in sockets:
            if each.family == socket.AF_UNIX:
                server = await self._loop.create_unix_server(connect, sock=each, backlog=BACKLOG)
                self._paths.append(Path(each.getsockname()))
            else:
                server = await self._loop.create_server(secured, sock=each, backlog=BACKLOG)
            self._servers.append(server)
        return bound

    def _tls_listener(
        self, connect: Callable[[], Connection], contexts: TlsContexts
    ) -> Callable[[], TlsListener]:
        return functools.partial(
            TlsListener,
            connect,
            contexts,
            loop=self._loop,
            handshake_timeout=self.options.connections.handshake_timeout,
            keep=self._keep,
        )

    def _keep(self, task: asyncio.Task[None]) -> None:
        """Wait for a task when the server stops."""
        self._tasks.add(task)
        task.add_done_callback(self._settled)

    def _settled(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not self._tasks:
            self.changed.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("unexpected error while a call was ended", exc_info=error)

    def _is_idle(self) -> bool:
        """Return whether no call runs, waits, or has an answer that is not sent."""
        return not (self._tasks or self.starts or any(map(len, self.connections)))

    async def _wait(self, is_reached: Callable[[], bool]) -> None:
        while not is_reached():
            self.changed.clear()
            await self.changed.wait()
