"""The clock of a connection, without a connection."""

from __future__ import annotations

import dataclasses

import pytest
from tests.unit.grpc_api.edges.nghttp2.callers import KEEPALIVE

from routersvc.grpc_api.edges.nghttp2.lifetimes import (
    DRAIN_TIMEOUT,
    IDLE_PING_INTERVAL,
    MAX_PING_STRIKES,
    Lifetime,
    Step,
)
from routersvc.grpc_api.server_options import KeepaliveOptions


def lifetime_of(options: KeepaliveOptions = KEEPALIVE, *, age_share: float = 0.0) -> Lifetime:
    """Return the clock of a connection that was set up at 0."""
    lifetime = Lifetime(options, handshake_timeout=5.0, age_share=age_share, now=0.0)
    lifetime.shaken()
    return lifetime


def steps(lifetime: Lifetime, until: float) -> list[tuple[float, Step]]:
    """Return what is due, and when, up to a time or the end."""
    found: list[tuple[float, Step]] = []
    now = 0.0
    while now <= until:
        while (step := lifetime.step(now)) is not Step.WAIT:
            found.append((now, step))
            if step is Step.CLOSE:
                return found
            if step is Step.DRAIN:
                lifetime.draining(now)
            elif step is Step.LAST_GOAWAY:
                lifetime.said_goodbye(now)
        now = lifetime.next_due(now)
    return found


def test_silence_is_pinged_and_then_given_up() -> None:
    """After 30 s and 10 s."""
    assert steps(lifetime_of(), 100.0) == [(30.0, Step.PING), (40.0, Step.CLOSE)]


def test_answered_pings_go_on() -> None:
    """Anything that is heard is an answer."""
    lifetime = lifetime_of()
    first = lifetime.step(30.0)
    lifetime.heard_at = 30.1

    assert (first, lifetime.step(40.0), lifetime.step(60.1)) == (Step.PING, Step.WAIT, Step.PING)


def test_no_pings_without_calls_where_they_are_not_permitted() -> None:
    """`keepalive.permit_without_calls`."""
    lifetime = lifetime_of(dataclasses.replace(KEEPALIVE, permit_without_calls=False))
    idle = lifetime.step(31.0)
    lifetime.busy()

    assert (idle, lifetime.step(31.0)) == (Step.WAIT, Step.PING)


def test_handshake_has_its_time() -> None:
    """Then the connection is closed."""
    lifetime = Lifetime(KEEPALIVE, handshake_timeout=5.0, age_share=0.0, now=0.0)

    assert steps(lifetime, 100.0) == [(5.0, Step.CLOSE)]


@pytest.mark.parametrize(("age_share", "age"), [(-1.0, 9.0), (0.0, 10.0), (1.0, 11.0)])
def test_age_varies_by_a_tenth(age_share: float, age: float) -> None:
    """So that the connections of one moment do not end in one moment."""
    options = dataclasses.replace(KEEPALIVE, max_connection_age=10.0, max_connection_age_grace=8.0)

    assert steps(lifetime_of(options, age_share=age_share), 100.0) == [
        (age, Step.DRAIN),
        (age + DRAIN_TIMEOUT, Step.LAST_GOAWAY),
        (age + 8.0, Step.CLOSE),
    ]


def test_idle_time_counts_from_the_last_call() -> None:
    """A running call keeps its connection."""
    lifetime = lifetime_of(dataclasses.replace(KEEPALIVE, max_connection_idle=20.0))
    lifetime.busy()
    while_busy = lifetime.step(25.0)
    lifetime.idle(25.0)

    assert while_busy is Step.WAIT
    assert (lifetime.step(44.9), lifetime.step(45.0)) == (Step.PING, Step.DRAIN)


def test_frequent_pings_are_counted() -> None:
    """Three that come too early; data that is sent in between excuses them."""
    lifetime = lifetime_of()
    lifetime.busy()
    calm = [lifetime.ping_received(10.0 * number) for number in range(9)]
    frequent = [lifetime.ping_received(80.1 + number) for number in range(MAX_PING_STRIKES)]
    lifetime.sent()
    excused = [lifetime.ping_received(83.0 + number) for number in range(1 + MAX_PING_STRIKES)]

    assert {*calm, *frequent, *excused} == {False}
    assert lifetime.ping_received(86.0)


def test_pings_without_calls_are_rarer() -> None:
    """Two hours where they are not permitted at all (proposal A8)."""
    lifetime = lifetime_of(dataclasses.replace(KEEPALIVE, permit_without_calls=False))
    pings = [lifetime.ping_received(IDLE_PING_INTERVAL / 2 * number) for number in range(4)]

    assert pings == [False, False, False, True]
