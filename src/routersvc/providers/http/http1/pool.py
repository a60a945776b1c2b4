"""The connections to one provider: idle ones are used again, new ones are opened.

A connection whose answer has come whole is idle, whether or not the answer has been read; a request
takes a place of the pool until its answer has been read or left. Nobody waits for a place.
"""

from __future__ import annotations

import asyncio
import functools

import httpx

from routersvc.providers.http.http1.connections import Http1Connection
from routersvc.providers.http.http1.dialling import Dialler
from routersvc.providers.http.http1.exchanges import Exchange
from routersvc.providers.http.http1.idle_connections import IdleConnections
from routersvc.providers.http.http1.requests import Origin
from routersvc.providers.http.idle_sockets import is_silent
from routersvc.providers.http.transports import ConnectionCounts, TransportOptions


class ConnectionPool:
    """The connections and the running exchanges of one transport in one event loop."""

    def __init__(self, options: TransportOptions, loop: asyncio.AbstractEventLoop) -> None:
        self.is_closed = False
        self._loop = loop
        self._max_connections = options.max_connections
        self._max_age = options.max_age
        self._dialler = Dialler(options, loop)
        self._idle = IdleConnections(keep_alive=options.keep_alive)
        self._connections: set[Http1Connection] = set()
        self._running: set[Exchange] = set()
        self._lingering: set[Exchange] = set()
        self._expiry: asyncio.TimerHandle | None = None

    @property
    def counts(self) -> ConnectionCounts:
        """How many connections there are now."""
        return ConnectionCounts(
            in_use=len(self._running), lingering=len(self._lingering), idle=len(self._idle)
        )

    @property
    def is_full(self) -> bool:
        """Whether every place is taken."""
        return len(self._running) + len(self._lingering) >= self._max_connections

    def new_exchange(self, request: httpx.Request) -> Exchange:
        """Take a place for a request."""
        exchange = Exchange(request, self, self._loop)
        self._running.add(exchange)
        return exchange

    async def connection(self, request: httpx.Request, origin: Origin) -> Http1Connection:
        """Return an idle connection on which nothing waits, or a new one.

        Raises:
            httpx.TransportError: no connection can be made.
        """
        request.extensions["connection_was_idle"] = False
        while (connection := self._idle.take(origin)) is not None:
            if await self._is_usable(connection):
                request.extensions["connection_was_idle"] = True
                return connection
            connection.abort()
        connection = await self._dialler.dial(
            functools.partial(
                Http1Connection,
                origin,
                self,
                self._loop,
                retires_at=self._loop.time() + self._max_age,
            ),
            request,
            origin,
        )
        self._connections.add(connection)
        if self.is_closed:
            connection.abort()
            raise httpx.ReadError("the transport was closed", request=request)
        return connection

    def close(self) -> None:
        """Abort what runs, and close every connection."""
        self.is_closed = True
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        for connection in tuple(self._connections):
            connection.abort()
        for exchange in (*self._running, *self._lingering):
            exchange.abort()

    def idle(self, connection: Http1Connection) -> None:
        """Keep a connection whose answer has come whole, unless it is too old."""
        if self.is_closed or not self._idle.put(connection, self._loop.time()):
            connection.abort()
        elif self._expiry is None:
            self._set_expiry()

    def lost(self, connection: Http1Connection) -> None:
        """Forget a connection."""
        self._connections.discard(connection)
        self._idle.remove(connection)

    def released(self, exchange: Exchange) -> None:
        """Free the place of an exchange that is over."""
        self._running.discard(exchange)
        self._lingering.discard(exchange)

    def lingers(self, exchange: Exchange) -> None:
        """Count an exchange whose answer is complete and whose end has not come."""
        self._lingering.add(exchange)

    async def _is_usable(self, connection: Http1Connection) -> bool:
        transport = connection.transport
        if transport is None or self._idle.is_stale(connection, self._loop.time()):
            return False
        try:
            return await is_silent(transport) and connection.is_open
        except BaseException:
            connection.abort()
            raise

    def _expire(self) -> None:
        for connection in self._idle.stale(self._loop.time()):
            connection.abort()
        self._set_expiry()

    def _set_expiry(self) -> None:
        when = self._idle.next_stale_at()
        self._expiry = None if when is None else self._loop.call_at(when, self._expire)
