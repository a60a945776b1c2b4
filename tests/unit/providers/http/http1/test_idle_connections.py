"""Which idle connection serves next, and which are closed."""

from __future__ import annotations

import dataclasses
from typing import cast

from routersvc.providers.http.http1.connections import Http1Connection
from routersvc.providers.http.http1.idle_connections import IdleConnections
from routersvc.providers.http.http1.requests import Origin

A, B = Origin("http", "a", 80), Origin("http", "b", 80)


@dataclasses.dataclass(eq=False)
class Idle:
    """What counts of a connection."""

    origin: Origin = A
    retires_at: float = 100.0
    idle_since: float = 0.0


def idle(**fields: object) -> Http1Connection:
    """Return a connection of which nothing else is looked at."""
    return cast("Http1Connection", Idle(**fields))  # type: ignore[arg-type]


def test_connection_used_last_serves_next() -> None:
    """The others have their time to end."""
    pool = IdleConnections(keep_alive=10.0)
    first, second, other = idle(), idle(), idle(origin=B)
    for connection in (first, second, other):
        assert pool.put(connection, 0.0)

    assert len(pool) == 3
    assert [pool.take(A), pool.take(A), pool.take(A)] == [second, first, None]
    assert pool.take(B) is other


def test_connection_of_maximum_age_is_not_kept() -> None:
    """Nor is one that reaches it later used."""
    pool = IdleConnections(keep_alive=1_000.0)
    connection = idle()

    assert not pool.put(connection, 100.0)
    assert pool.put(connection, 99.0)
    assert not pool.is_stale(connection, 99.5)
    assert pool.is_stale(connection, 100.0)
    assert pool.next_stale_at() == 100.0


def test_stale_connections_are_given_out_to_be_closed() -> None:
    """At the time that was announced."""
    pool = IdleConnections(keep_alive=10.0)
    early, late, other = idle(), idle(), idle(origin=B)
    pool.put(early, 1.0)
    pool.put(other, 1.5)
    pool.put(late, 5.0)

    assert pool.next_stale_at() == 11.0
    assert pool.stale(10.9) == []
    assert pool.stale(11.6) == [early, other]
    assert pool.next_stale_at() == 15.0
    assert pool.take(B) is None

    pool.remove(late)
    pool.remove(late)
    assert len(pool) == 0
    assert pool.next_stale_at() is None
