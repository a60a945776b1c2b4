"""A gate keeps calls away for as long as the provider asked."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.fleet.rate_limits import LONGEST_REST, LONGEST_WAIT, RateLimitGate


def test_gate_opens_when_the_wait_is_over() -> None:
    """Not before, and not later either."""
    gate = RateLimitGate()
    gate.close_for(20.0, now=100.0)

    told = [(gate.is_open(now), gate.closed_for(now)) for now in (100.0, 119.5, 120.0, 121.0)]

    assert told == [(False, 20.0), (False, 0.5), (True, 0.0), (True, 0.0)]


def test_new_gate_is_open() -> None:
    """No provider has asked for a pause."""
    assert RateLimitGate().is_open(0.0)
    assert RateLimitGate().closed_for(0.0) == 0.0


def test_shorter_wait_does_not_open_earlier() -> None:
    """The answers of calls that were under way overtake each other."""
    gate = RateLimitGate()
    gate.close_for(20.0, now=0.0)

    gate.close_for(1.0, now=2.0)

    assert gate.closed_for(2.0) == 18.0


@pytest.mark.parametrize("wait", [math.nan, -5.0, 0.0])
def test_senseless_wait_is_ignored(wait: float) -> None:
    """A broken header neither opens nor closes."""
    gate = RateLimitGate()
    gate.close_for(20.0, now=0.0)

    gate.close_for(wait, now=5.0)

    assert gate.closed_for(5.0) == 15.0


def test_endless_wait_ends_after_a_day() -> None:
    """A broken header must not take a deployment out for ever; one call a minute probes."""
    gate = RateLimitGate()
    gate.close_for(math.inf, now=10.0)
    now = 10.0
    probes = 0

    while gate.closed_for(now) > 0:
        now += gate.closed_for(now)
        probes += gate.call_starts(now)

    assert now == 10.0 + LONGEST_WAIT
    assert probes == LONGEST_WAIT / LONGEST_REST - 1


@given(
    asked=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=30),
    later=st.integers(0, 100),
)
def test_gate_never_opens_before_any_wait_is_over(asked: list[tuple[int, int]], later: int) -> None:
    """Whatever was asked in whatever order."""
    gate = RateLimitGate()
    now = 0.0
    opens_at = -math.inf

    for step, wait in asked:
        now += step
        gate.close_for(float(wait), now)
        opens_at = max(opens_at, now + wait)

    now += later
    assert gate.is_open(now) == (now >= opens_at)
    assert gate.closed_for(now) == max(0.0, opens_at - now)
