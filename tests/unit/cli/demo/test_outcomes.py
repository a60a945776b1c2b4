"""The figures of the demo."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.cli.demo.outcomes import (
    Attempt,
    FirstContentParts,
    Mark,
    Outcome,
    Spread,
    Tally,
    spread,
)
from routersvc.cli.demo.result import result_entries
from routersvc.cli.demo.scenario import Job, Scenario, router_settings, scenario
from routersvc.cli.demo.views import DIRECT, ROUTED

PLOT = Scenario(jobs=(), duration=30.0, killed_at=10.0, revived_at=20.0)
SERVED = Attempt(provider="alpha", result="served", cost=0.5)
SAVED = (
    Attempt(provider="alpha", result="connect"),
    Attempt(provider="beta", result="served", reason="failover", start_delay=0.1),
)
HEDGED = (
    Attempt(provider="alpha", result="lost", cost=0.25),
    Attempt(
        provider="beta",
        result="served",
        reason="hedge",
        start_delay=0.5,
        first_content=0.25,
        cost=0.75,
    ),
)


def job(at: float, *, streaming: bool = False) -> Job:
    """Return a call at a time."""
    return Job(number=0, at=at, prompt="x", streaming=streaming)


def tally(*outcomes: Outcome) -> Tally:
    """Return a tally of outcomes."""
    made = Tally(PLOT)
    for outcome in outcomes:
        made.add(outcome)
    return made


MIXED = (
    Outcome(job=job(1.0), duration=0.4, attempts=(SERVED,)),
    Outcome(job=job(2.0, streaming=True), first_content=0.1, duration=0.5, attempts=(SERVED,)),
    Outcome(job=job(11.0), duration=0.9, attempts=SAVED),
    Outcome(job=job(12.0), failure="connection refused"),
    Outcome(job=job(14.0), duration=0.9, asked_again=True, attempts=(SERVED,)),
    Outcome(
        job=job(13.0, streaming=True),
        first_content=3.0,
        duration=4.0,
        recovered=True,
        attempts=SAVED,
    ),
)


def test_calls_are_counted_by_what_became_of_them() -> None:
    """A call that another provider answered is no failed call, and is told apart."""
    made = tally(*MIXED)

    assert (made.failed, made.rerouted, made.failovers) == (1, 2, 2)
    assert (made.recovered, made.asked_again) == (1, 1)
    assert made.failures() == {"connection refused": 1}
    assert made.answered_by() == {"alpha": 3, "beta": 2}
    assert made.lost_attempts() == {"alpha": {"connect": 2}}


def test_times_are_those_of_one_phase_and_kind() -> None:
    """A median over an outage and quiet times would say nothing about either."""
    made = tally(*MIXED)

    times = {
        (streaming, dead): made.times(streaming=streaming, primary_dead=dead)
        for streaming in (False, True)
        for dead in (False, True)
    }

    assert times == {
        (False, False): Spread(p50=0.4, p95=0.4, p99=0.4, samples=1),
        (False, True): Spread(p50=0.9, p95=0.9, p99=0.9, samples=1),
        (True, False): Spread(p50=0.1, p95=0.1, p99=0.1, samples=1),
        (True, True): Spread(p50=None, p95=None, p99=None, samples=0),
    }


def test_hedges_are_counted_with_their_cost() -> None:
    """The attempt that lost is not a failure; its cost is the price of the hedge."""
    made = tally(
        Outcome(job=job(1.0), duration=1.0, attempts=HEDGED),
        Outcome(job=job(2.0), duration=0.4, attempts=(SERVED,)),
    )

    assert (made.hedges, made.hedges_won) == (1, 1)
    assert (made.hedged_cost, made.served_cost) == (0.25, 1.25)
    assert (made.failovers, made.lost_attempts()) == (0, {})
    assert made.answered_by() == {"alpha": 1, "beta": 1}


def test_the_routers_time_is_what_neither_provider_nor_earlier_attempts_took() -> None:
    """A slow backup must not look like a slow router."""
    hedged = Outcome(
        job=job(1.0, streaming=True), first_content=0.875, duration=2.0, attempts=HEDGED
    )
    unknown = Outcome(job=job(1.0), duration=0.4, attempts=(SERVED,))

    assert hedged.first_content_parts == FirstContentParts(provider=0.25, waiting=0.5, router=0.125)
    assert unknown.first_content_parts is None
    assert tally(hedged, unknown).first_content_parts(primary_dead=False)["router"] == Spread(
        p50=0.125, p95=0.125, p99=0.125, samples=1
    )


def test_the_worst_of_a_moment_is_what_is_seen() -> None:
    """One failed call must not hide among answered ones."""
    made = tally(*MIXED)

    marks = made.marks(3)

    assert marks == [Mark.ANSWERED, Mark.FAILED, Mark.PENDING]


def test_quantiles_are_times_that_were_measured() -> None:
    """Nearest rank: nothing between two samples is made up."""
    times = [float(number) for number in range(1, 101)]

    assert spread(times) == Spread(p50=50.0, p95=95.0, p99=99.0, samples=100)


@given(st.lists(st.floats(0, 100), min_size=1))
def test_quantiles_never_cross(times: list[float]) -> None:
    """Whatever was measured, later quantiles are not smaller, and all were measured."""
    made = spread(times)

    assert made.p50 is not None
    assert made.p95 is not None
    assert made.p99 is not None
    assert made.p50 <= made.p95 <= made.p99
    assert {made.p50, made.p95, made.p99} <= set(times)


def test_the_same_seed_gives_the_same_calls() -> None:
    """A run that surprises can be had again."""
    assert scenario(calls=50, rate=10, seed=7) == scenario(calls=50, rate=10, seed=7)
    assert scenario(calls=50, rate=10, seed=7) != scenario(calls=50, rate=10, seed=8)


@given(st.integers(30, 500), st.floats(1, 100), st.integers())
def test_calls_come_in_order_at_the_rate(calls: int, rate: float, seed: int) -> None:
    """Each interval has its call, so that load is bounded and even."""
    plot = scenario(calls=calls, rate=rate, seed=seed)

    assert [one.number for one in plot.jobs] == list(range(calls))
    assert all(
        number / rate <= one.at <= (number + 1) / rate for number, one in enumerate(plot.jobs)
    )
    assert 0 < plot.killed_at < plot.revived_at < plot.duration


@pytest.mark.parametrize(
    ("at", "dead"), [(0.0, False), (9.99, False), (10.0, True), (19.99, True), (20.0, False)]
)
def test_the_primary_is_dead_in_the_middle(at: float, dead: bool) -> None:  # noqa: FBT001
    """The phase of a call is that of the moment when it is made."""
    assert PLOT.is_primary_dead(at) is dead


def test_the_result_for_programs_has_both_callers() -> None:
    """Stable keys: what `jq` is told today holds tomorrow."""
    entries = result_entries({ROUTED: tally(*MIXED), DIRECT: tally()}, PLOT)

    assert list(entries) == ["duration", "killed_at", "revived_at", "routed", "direct"]
    assert entries["routed"] == {
        "calls": 6,
        "failed": 1,
        "failures": {"connection refused": 1},
        "rerouted": 2,
        "failovers": 2,
        "streams_recovered": 1,
        "streams_asked_again": 1,
        "hedges": 0,
        "hedges_won": 0,
        "hedged_cost_usd": 0.0,
        "served_cost_usd": 1.5,
        "answered_by": {"alpha": 3, "beta": 2},
        "lost_attempts": {"alpha": {"connect": 2}},
        "latency": {
            "whole_answer_primary_alive": {"p50": 0.4, "p95": 0.4, "p99": 0.4, "samples": 1},
            "whole_answer_primary_dead": {"p50": 0.9, "p95": 0.9, "p99": 0.9, "samples": 1},
            "first_words_primary_alive": {"p50": 0.1, "p95": 0.1, "p99": 0.1, "samples": 1},
            "first_words_primary_dead": {"p50": None, "p95": None, "p99": None, "samples": 0},
        },
        "first_words_parts": {
            phase: {
                part: {"p50": None, "p95": None, "p99": None, "samples": 0}
                for part in ("provider", "waiting", "router")
            }
            for phase in ("primary_alive", "primary_dead")
        },
    }


def test_the_router_tries_the_providers_in_their_order() -> None:
    """The first is the one that dies."""
    settings = router_settings({"alpha": "http://a/v1", "beta": "http://b/v1"})

    assert settings["policies"] == {
        "default": {
            "deployments": ["alpha-large", "beta-large"],
            "order": "fixed",
            "hedging": {"mode": "auto", "min_samples": 20, "max_delay": "500ms"},
        }
    }
