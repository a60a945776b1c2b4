"""The idle connections of a transport, by origin: which one serves next, and which are too old.

Synchronous: takes `now`, and returns what must be closed.
"""

from __future__ import annotations

from collections import deque

from routersvc.providers.http.http1.connections import Http1Connection
from routersvc.providers.http.http1.requests import Origin


class IdleConnections:
    """Idle connections; `keep_alive` is how long one is kept, in seconds."""

    def __init__(self, *, keep_alive: float) -> None:
        self._keep_alive = keep_alive
        self._by_origin: dict[Origin, deque[Http1Connection]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._by_origin.values()))

    def put(self, connection: Http1Connection, now: float) -> bool:
        """Keep a connection; return whether it is young enough for that."""
        if now >= connection.retires_at:
            return False
        connection.idle_since = now
        self._by_origin.setdefault(connection.origin, deque()).append(connection)
        return True

    def take(self, origin: Origin) -> Http1Connection | None:
        """Return the connection that was used last, and forget it."""
        connections = self._by_origin.get(origin)
        return connections.pop() if connections else None

    def is_stale(self, connection: Http1Connection, now: float) -> bool:
        """Return whether a connection was idle for too long, or is too old."""
        return now >= connection.retires_at or now >= connection.idle_since + self._keep_alive

    def remove(self, connection: Http1Connection) -> None:
        """Forget a connection, if it is here."""
        connections = self._by_origin.get(connection.origin)
        if connections is not None and connection in connections:
            connections.remove(connection)
            if not connections:
                del self._by_origin[connection.origin]

    def stale(self, now: float) -> list[Http1Connection]:
        """Forget and return the connections that are stale."""
        found: list[Http1Connection] = []
        for origin, connections in list(self._by_origin.items()):
            stale = [each for each in connections if self.is_stale(each, now)]
            if stale:
                found += stale
                kept = deque(each for each in connections if each not in stale)
                if kept:
                    self._by_origin[origin] = kept
                else:
                    del self._by_origin[origin]
        return found

    def next_stale_at(self) -> float | None:
        """Return when the next connection will be stale; `None` without connections."""
        return min(
            (
                min(each.retires_at, each.idle_since + self._keep_alive)
                for connections in self._by_origin.values()
                for each in connections
            ),
            default=None,
        )
