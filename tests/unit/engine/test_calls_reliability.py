"""Breakers, gates, budgets and hedges at work in the engine, in virtual time."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from routersvc.domain.catalogue.modes import HedgingMode
from routersvc.domain.catalogue.policies import HedgingRule, Priority, Timeouts
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.fleet.breaker_health import BreakerState
from routersvc.domain.fleet.health import HealthState
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason
from routersvc.domain.outcomes.errors import AttemptsFailedError, CallFailedError
from routersvc.domain.outcomes.failure_rules import CallerOutcome, FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.testing.scripted import Fail, Hang, Move, Wait, answer
from routersvc.testing.worlds import World, scripted_deployment, scripted_policy, scripted_request

SERVER_ERROR: list[Move] = [
    Fail(Failure(failure_class=FailureClass.SERVER_ERROR, message="status 503"))
]
DELAYED = HedgingRule(mode=HedgingMode.DELAYED, delay=0.5)


async def call(world: World, request: Request | None = None) -> bool:
    """Make one streamed call; return whether it got its whole answer."""
    try:
        async with world.router.open(request or scripted_request()) as running:
            ended = False
            while not ended:
                ended = isinstance((await running.receive())[-1], Finished)
    except CallFailedError:
        return False
    return True


def calls_of(world: World, name: str) -> int:
    """Return how many attempts a deployment has seen."""
    return sum(attempt.deployment == name for attempt in world.observer.attempts)


async def test_breaker_keeps_calls_from_a_dead_deployment() -> None:
    """After five failures in a row no call goes there until a probe is due."""
    world = World({"a": [SERVER_ERROR], "b": [answer("x")]})

    answered = [await call(world) for _ in range(50)]

    assert all(answered)
    assert calls_of(world, "a") == 5
    health = {h.deployment.name: h for h in world.router.health()}
    assert health["a"].breaker.state is BreakerState.OPEN
    assert health["a"].state is HealthState.UNAVAILABLE
    assert health["b"].state is HealthState.HEALTHY


async def test_stale_connections_of_a_dead_deployment_fail_over_once_it_rests() -> None:
    """A free retry that finds another stale connection is a failure; five of them are enough."""
    stale: list[Move] = [
        Fail(Failure(failure_class=FailureClass.RESET, message="reset", connection_was_idle=True))
    ]
    world = World({"a": [stale], "b": [answer("x")]})

    answered = [await call(world) for _ in range(10)]

    assert all(answered)
    assert calls_of(world, "a") == 10


async def test_revived_deployment_is_probed_and_used_again() -> None:
    """Two probes succeed, one at a time, and the breaker closes."""
    world = World({"a": [*[SERVER_ERROR] * 5, answer("back")], "b": [answer("x")]})
    for _ in range(6):
        await call(world)

    await asyncio.sleep(2.0)
    answered = [await call(world) for _ in range(3)]

    assert all(answered)
    assert calls_of(world, "a") == 8
    assert world.router.health()[0].breaker.state is BreakerState.CLOSED


async def test_one_probe_at_a_time() -> None:
    """While a probe is out everyone else goes elsewhere."""
    world = World({"a": [*[SERVER_ERROR] * 5, answer("slow", first=3.0)], "b": [answer("x")]})
    for _ in range(6):
        await call(world)
    await asyncio.sleep(2.0)

    await asyncio.gather(*(call(world) for _ in range(20)))

    assert calls_of(world, "a") == 6


async def test_total_outage_costs_one_attempt_a_call() -> None:
    """Promise 7: with every breaker open the least bad deployment is tried, and no other."""
    world = World({"a": [SERVER_ERROR], "b": [SERVER_ERROR], "c": [SERVER_ERROR]})
    for _ in range(20):
        await call(world)
    before = len(world.observer.attempts)

    for _ in range(200):
        assert not await call(world)
        await asyncio.sleep(0.05)

    assert (len(world.observer.attempts) - before) / 200 <= 1.1
    _, error = world.observer.ends[-1]
    assert isinstance(error, AttemptsFailedError)
    assert error.caller_outcome is CallerOutcome.UNAVAILABLE
    assert error.retry_after is not None
    assert error.report.duration is not None
    assert error.report.duration < 0.2


async def test_retry_after_keeps_all_calls_away_and_none_waits() -> None:
    """A deployment that asked for 20 s gets 20 s; the other answers meanwhile."""
    limited: list[Move] = [
        Fail(Failure(failure_class=FailureClass.RATE_LIMITED, message="429", retry_after=20.0))
    ]
    world = World({"a": [limited, answer("a")], "b": [answer("b")]})

    for _ in range(30):
        assert await call(world)
        await asyncio.sleep(1.0)

    instants = [a.started_at for a in world.observer.attempts if a.deployment == "a"]
    assert instants[0] == 0.0
    assert instants[1] == 20.0
    assert all(report.duration == 0.0 for report, _ in world.observer.ends)


async def test_lone_limited_deployment_is_waited_for_within_the_deadline() -> None:
    """Without an alternative, a wait that fits the deadline is better than an error."""
    limited: list[Move] = [
        Fail(Failure(failure_class=FailureClass.RATE_LIMITED, message="429", retry_after=5.0))
    ]
    world = World({"a": [limited, answer("a")]}, policy=scripted_policy(["a"], max_attempts=1))
    await call(world)

    patient = await call(world, scripted_request(timeout=30.0))
    report, _ = world.observer.ends[-1]

    assert patient
    assert report.attempts[0].start_delay == pytest.approx(5.0)


async def test_impatient_caller_hears_at_once_when_to_come_again() -> None:
    """A wait beyond the deadline is told instead of waited for."""
    limited: list[Move] = [
        Fail(Failure(failure_class=FailureClass.RATE_LIMITED, message="429", retry_after=50.0))
    ]
    world = World({"a": [limited]}, policy=scripted_policy(["a"], max_attempts=1))
    await call(world)

    answered = await call(world, scripted_request(timeout=10.0))

    assert not answered
    report, error = world.observer.ends[-1]
    assert isinstance(error, AttemptsFailedError)
    assert error.caller_outcome is CallerOutcome.RATE_LIMITED
    assert error.retry_after == pytest.approx(50.0)
    assert report.attempts == ()
    assert report.duration == 0.0


async def test_bad_credential_is_out_of_use_until_it_is_checked() -> None:
    """Two calls are enough; after half a minute one call finds out that it works again."""
    refused: list[Move] = [
        Fail(Failure(failure_class=FailureClass.AUTHENTICATION, message="the key is not accepted"))
    ]
    world = World({"a": [refused, refused, answer("a")], "b": [answer("b")]})

    for _ in range(10):
        assert await call(world)
    assert calls_of(world, "a") == 2
    health = world.router.health()[0]
    assert health.state is HealthState.DISABLED
    assert "the key is not accepted" in health.disabled_description
    await asyncio.sleep(30.0)
    await call(world)

    assert calls_of(world, "a") == 3
    assert world.router.health()[0].state is HealthState.HEALTHY


async def test_late_attempt_is_hedged() -> None:
    """The hedge wins and the late attempt is cancelled at that moment."""
    policy = dataclasses.replace(scripted_policy(["slow", "fast"]), hedging=DELAYED)
    world = World(
        {"slow": [answer("late", first=60.0)], "fast": [answer("in time", first=0.2)]},
        policy=policy,
    )

    await call(world)

    assert world.gateway.log == [
        (0.0, "slow", "started"),
        (0.5, "fast", "started"),
        (0.7, "slow", "cancelled"),
        (0.7, "fast", "finished"),
    ]
    report, _ = world.observer.ends[0]
    assert report.hedged
    assert [(a.reason, a.outcome) for a in report.attempts] == [
        (AttemptReason.FIRST, AttemptOutcome.LOST),
        (AttemptReason.HEDGE, AttemptOutcome.SERVED),
    ]
    lost = report.attempts[0]
    assert lost.usage.estimated
    assert lost.cost is not None
    assert lost.cost.wasted_usd > 0
    assert report.total_cost is not None
    assert report.total_cost.wasted_usd == lost.cost.wasted_usd
    health = {h.deployment.name: h for h in world.router.health()}
    assert health["slow"].outcomes == 0


async def test_parallel_mode_starts_two_at_once() -> None:
    """The first to commit wins."""
    rule = HedgingRule(mode=HedgingMode.PARALLEL)
    world = World(
        {"a": [answer("a", first=0.3)], "b": [answer("b", first=0.1)], "c": [answer("c")]},
        policy=dataclasses.replace(scripted_policy(["a", "b", "c"]), hedging=rule),
    )

    await call(world)

    assert [(a.deployment, a.started_at) for a in world.observer.attempts] == [
        ("a", 0.0),
        ("b", 0.0),
    ]


async def test_hedge_goes_to_another_provider_first() -> None:
    """Deployments of one provider tend to be late together."""
    names = ["a1", "a2", "b"]
    world = World(
        {"a1": [[Hang()]], "a2": [answer("a2")], "b": [answer("b")]},
        policy=dataclasses.replace(scripted_policy(names), hedging=DELAYED),
        deployments=[
            scripted_deployment("a1", provider="a"),
            scripted_deployment("a2", provider="a"),
        ],
    )

    await call(world)

    assert [a.deployment for a in world.observer.attempts] == ["a1", "b"]


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (
            scripted_request(routing=Routing(has_side_effects=True), timeout=10.0),
            "it must not run twice",
        ),
        (
            dataclasses.replace(scripted_request(timeout=10.0), previous_attempts=1),
            "the client is itself trying again",
        ),
        (
            scripted_request(routing=Routing(hedging_mode=HedgingMode.OFF), timeout=10.0),
            "the request does not want it",
        ),
    ],
)
async def test_some_requests_are_never_hedged(request_: Request, why: str) -> None:
    """Whatever the policy says."""
    world = World(
        {"a": [[Hang()]], "b": [answer("b")]},
        policy=dataclasses.replace(scripted_policy(["a", "b"]), hedging=DELAYED),
    )

    await call(world, request_)

    assert AttemptReason.HEDGE not in {a.reason for a in world.observer.attempts}, why


async def test_failed_hedge_leaves_the_late_attempt_running() -> None:
    """A hedge is company, not a replacement."""
    world = World(
        {"a": [answer("a", first=2.0)], "b": [SERVER_ERROR]},
        policy=dataclasses.replace(scripted_policy(["a", "b"]), hedging=DELAYED),
    )

    answered = await call(world)

    assert answered
    report, _ = world.observer.ends[0]
    assert [a.outcome for a in report.attempts] == [AttemptOutcome.SERVED, AttemptOutcome.FAILED]


async def test_hedges_stay_within_their_budget() -> None:
    """When everything is late hedges are at most a twentieth of the calls, and the reserve."""
    world = World(
        {"a": [answer("a", first=3.0)], "b": [answer("b", first=3.0)]},
        policy=dataclasses.replace(scripted_policy(["a", "b"]), hedging=DELAYED),
    )

    for _ in range(400):
        assert await call(world)

    hedges = sum(a.reason is AttemptReason.HEDGE for a in world.observer.attempts)
    assert hedges <= 2 + 0.05 * 400


async def test_live_percentile_sets_the_delay() -> None:
    """After a hundred samples a hedge starts at the 95th percentile of time to first content."""
    rule = HedgingRule(mode=HedgingMode.DELAYED, min_delay=0.01)
    usual = [answer("a", first=0.1)] * 110
    world = World(
        {"a": [*usual, answer("late", first=9.0)], "b": [answer("b", first=0.05)]},
        policy=dataclasses.replace(scripted_policy(["a", "b"]), hedging=rule),
    )
    for _ in range(110):
        await call(world)

    await call(world)

    report, _ = world.observer.ends[-1]
    assert report.attempts[1].reason is AttemptReason.HEDGE
    assert report.attempts[1].start_delay == pytest.approx(0.1, rel=0.05)


async def test_automatic_hedges_are_not_for_batch_jobs() -> None:
    """A request of low priority has time."""
    rule = HedgingRule(mode=HedgingMode.AUTO, delay=0.5)

    async def attempts(priority: Priority) -> int:
        world = World(
            {"a": [answer("a", first=2.0)], "b": [answer("b", first=2.0)]},
            policy=dataclasses.replace(scripted_policy(["a", "b"]), hedging=rule),
        )
        await call(world, scripted_request(routing=Routing(priority=priority)))
        return len(world.observer.attempts)

    assert await attempts(Priority.LOW) == 1
    assert await attempts(Priority.NORMAL) == 2
    assert await attempts(Priority.HIGH) == 2


async def test_hedge_beats_the_first_content_timeout_of_a_hanging_primary() -> None:
    """A hanging deployment costs its callers the hedge delay only, and is slow by its timeout."""
    timeouts = Timeouts(connect=1.0, first_content=5.0, idle=5.0, attempt=60.0, useful=0.05)
    world = World(
        {"a": [[Wait(1.0), Hang()]], "b": [answer("b", first=0.1)]},
        policy=dataclasses.replace(scripted_policy(["a", "b"], timeouts=timeouts), hedging=DELAYED),
    )

    assert await call(world)

    report, _ = world.observer.ends[0]
    assert report.time_to_first_content == pytest.approx(0.6)


async def test_explaining_changes_nothing() -> None:
    """Asking where a request would go moves no counter and starts nothing."""
    world = World({"a": [SERVER_ERROR], "b": [answer("b")]})
    for _ in range(7):
        await call(world)
    before = world.router.health()

    explanations = [world.router.explain(scripted_request()) for _ in range(3)]

    assert world.router.health() == before
    assert explanations[0] == explanations[1] == explanations[2]
    assert explanations[0].obstacles.keys() == {"a"}
    assert world.leftovers() == {}
