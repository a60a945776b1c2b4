"""What starts after a failure or a refusal, how often, and because of what, in virtual time."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from routersvc.domain.catalogue.modes import HedgingMode
from routersvc.domain.catalogue.policies import HedgingRule, RetryRule
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.fleet.concurrency import ConcurrencyRule
from routersvc.domain.fleet.reloading.fleet_rules import DeploymentRules, FleetRules
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason
from routersvc.domain.outcomes.errors import AttemptsFailedError, CallFailedError
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.testing.scripted import Fail, Hang, Move, Wait, answer
from routersvc.testing.worlds import TIMEOUTS, World, scripted_policy, scripted_request

BROKEN: list[Move] = [Fail(Failure(failure_class=FailureClass.SERVER_ERROR, message="status 503"))]
STALE: list[Move] = [
    Fail(Failure(failure_class=FailureClass.RESET, message="reset", connection_was_idle=True))
]
EAGER = RetryRule(max_retries=1, only_without_alternative=False)
Trail = list[tuple[str, AttemptReason, int]]


async def call(
    world: World, routing: Routing | None = None, *, within: float = 60.0
) -> RouteReport:
    """Make one call to its end, whichever it is; return its report."""
    try:
        request = scripted_request(routing=routing, timeout=within)
        async with world.router.open(request) as running:
            while not isinstance((await running.receive())[-1], Finished):
                pass
            return running.report()
    except CallFailedError as error:
        return error.report


def trail_of(report: RouteReport) -> Trail:
    """Return what was attempted, why, and because of which attempt."""
    return [(one.deployment.name, one.reason, one.caused_by) for one in report.attempts]


@pytest.mark.parametrize("max_retries", [1, 2, 3])
async def test_deployment_is_retried_as_often_as_the_rule_says(max_retries: int) -> None:
    """Each retry because of the one before it."""
    world = World(
        {"a": [BROKEN]},
        policy=scripted_policy(("a",), max_attempts=9, retries=RetryRule(max_retries=max_retries)),
    )

    report = await call(world)

    assert report.served is None
    assert trail_of(report) == [
        ("a", AttemptReason.FIRST, 0),
        *[("a", AttemptReason.RETRY, number + 1) for number in range(max_retries)],
    ]


async def test_retries_are_counted_for_each_deployment() -> None:
    """One that was spent on another is not held against the next."""
    world = World(
        {"a": [BROKEN], "b": [BROKEN, answer("x")]},
        policy=scripted_policy(("a", "b"), max_attempts=9, retries=EAGER),
    )

    report = await call(world)

    assert trail_of(report) == [
        ("a", AttemptReason.FIRST, 0),
        ("a", AttemptReason.RETRY, 1),
        ("b", AttemptReason.FAILOVER, 2),
        ("b", AttemptReason.RETRY, 3),
    ]


async def test_retry_that_is_refused_goes_elsewhere() -> None:
    """While it waited others found the deployment dead."""
    later: list[Move] = [
        Fail(Failure(failure_class=FailureClass.SERVER_ERROR, message="503", retry_after=0.5))
    ]
    world = World(
        {"a": [later, *[BROKEN] * 9], "b": [answer("x")]},
        policy=scripted_policy(("a", "b"), max_attempts=9, retries=EAGER),
    )
    waiting = asyncio.get_running_loop().create_task(call(world))
    await asyncio.sleep(0.1)
    for _ in range(4):
        await call(world, Routing(max_attempts=1))

    report = await waiting

    assert trail_of(report) == [
        ("a", AttemptReason.FIRST, 0),
        ("b", AttemptReason.FAILOVER, 1),
    ]
    assert [one.start_delay for one in report.attempts] == [0.0, 0.5]


async def test_retry_without_an_alternative_is_forced_through_an_open_breaker() -> None:
    """The breaker has opened while the retry waited: an attempt is better than none."""
    later: list[Move] = [
        Fail(Failure(failure_class=FailureClass.SERVER_ERROR, message="503", retry_after=0.5))
    ]
    world = World({"a": [later, *[BROKEN] * 9]}, policy=scripted_policy(("a",), max_attempts=2))
    waiting = asyncio.get_running_loop().create_task(call(world))
    await asyncio.sleep(0.1)
    for _ in range(4):
        await call(world, Routing(max_attempts=1))

    report = await waiting

    assert trail_of(report) == [("a", AttemptReason.FIRST, 0), ("a", AttemptReason.RETRY, 1)]
    assert report.duration == 0.5


@pytest.mark.parametrize(("max_attempts", "served"), [(2, False), (3, True)])
async def test_retries_on_stale_connections_are_free(max_attempts: int, *, served: bool) -> None:
    """Each of them exactly once: the provider has never seen the first."""
    world = World(
        {"a": [STALE, BROKEN], "b": [STALE, BROKEN], "c": [answer("x")]},
        policy=scripted_policy(
            ("a", "b", "c"), max_attempts=max_attempts, retries=RetryRule(max_retries=0)
        ),
    )

    report = await call(world)

    expected: Trail = [
        ("a", AttemptReason.FIRST, 0),
        ("a", AttemptReason.RETRY, 1),
        ("b", AttemptReason.FAILOVER, 2),
        ("b", AttemptReason.RETRY, 3),
    ]
    assert trail_of(report)[:4] == expected
    assert (report.served is not None) is served
    assert len(report.attempts) == (5 if served else 4)


async def test_hedge_that_is_refused_is_asked_for_again() -> None:
    """The other was full when the hedge was due; soon after it has a place again it is asked."""
    one_place = DeploymentRules(concurrency=ConcurrencyRule(initial=1, maximum=1))
    world = World(
        {"a": [[Hang()]], "b": [answer("x", first=10.0)]},
        policy=dataclasses.replace(
            scripted_policy(("a", "b")),
            hedging=HedgingRule(mode=HedgingMode.DELAYED, delay=0.5),
            timeouts=dataclasses.replace(TIMEOUTS, first_content=55.0),
        ),
        rules=FleetRules(deployments=one_place),
    )
    only_b = Routing(pinned_deployment="b")
    await call(world, only_b)
    busy = asyncio.get_running_loop().create_task(call(world, only_b))
    await asyncio.sleep(0)

    report = await call(world, within=60.0)

    assert trail_of(report) == [
        ("a", AttemptReason.FIRST, 0),
        ("b", AttemptReason.HEDGE, 1),
    ]
    assert [one.start_delay for one in report.attempts] == [0.0, pytest.approx(10.8, abs=0.8)]
    assert report.hedged
    await busy


async def test_place_is_waited_for_because_of_what_failed() -> None:
    """The failover that had to wait names the attempt whose failure it repairs."""
    one_place = DeploymentRules(concurrency=ConcurrencyRule(initial=1, maximum=1))
    world = World(
        {"a": [BROKEN], "b": [answer("x", first=3.0)]},
        rules=FleetRules(deployments=one_place),
    )
    busy = asyncio.get_running_loop().create_task(call(world, Routing(pinned_deployment="b")))
    await asyncio.sleep(0)

    report = await call(world)

    assert trail_of(report) == [
        ("a", AttemptReason.FIRST, 0),
        ("b", AttemptReason.FAILOVER, 1),
    ]
    assert report.duration == 6.0
    await busy


async def test_forced_and_waited_first_attempts_are_first_attempts() -> None:
    """They are caused by nothing."""
    refused: list[Move] = [
        Fail(Failure(failure_class=FailureClass.RATE_LIMITED, message="429", retry_after=5.0))
    ]
    waited = World({"a": [refused, answer("x")]}, policy=scripted_policy(("a",), max_attempts=1))
    await call(waited)
    forced = World(
        {"a": [*[BROKEN] * 5, answer("x")]}, policy=scripted_policy(("a",), max_attempts=1)
    )
    for _ in range(5):
        await call(forced)

    reports = [await call(waited), await call(forced)]

    assert [trail_of(report) for report in reports] == [[("a", AttemptReason.FIRST, 0)]] * 2
    assert [report.duration for report in reports] == [5.0, 0.0]


async def test_of_those_that_asked_for_time_the_first_to_allow_it_is_waited_for() -> None:
    """Whatever their order."""
    scripts: dict[str, list[list[Move]]] = {}
    for name, wait in (("a", 9.0), ("b", 4.0)):
        refused = Failure(failure_class=FailureClass.RATE_LIMITED, message="429", retry_after=wait)
        scripts[name] = [[Fail(refused)], answer("x")]
    world = World(scripts)
    await call(world, within=3.0)

    report = await call(world)

    assert trail_of(report) == [("b", AttemptReason.FIRST, 0)]
    assert report.duration == 4.0


async def test_failure_that_no_other_can_repair_ends_what_runs_beside_it() -> None:
    """At that moment; and it is what the caller hears, whatever else has failed."""
    invalid = Failure(failure_class=FailureClass.INVALID_REQUEST, message="status 400")
    world = World(
        {"a": [BROKEN], "b": [[Wait(2.0), Fail(invalid)]], "c": [[Hang()]]},
        policy=dataclasses.replace(
            scripted_policy(("a", "b", "c")),
            hedging=HedgingRule(mode=HedgingMode.DELAYED, delay=0.5),
        ),
    )

    with pytest.raises(AttemptsFailedError) as caught:
        async with world.router.open(scripted_request()) as running:
            await running.receive()

    assert caught.value.failure == invalid
    ends = [(one.outcome, one.start_delay, one.duration) for one in caught.value.report.attempts]
    assert ends == [
        (AttemptOutcome.FAILED, 0.0, 0.0),
        (AttemptOutcome.FAILED, 0.0, 2.0),
        (AttemptOutcome.LOST, 0.5, 1.5),
    ]
    assert world.leftovers() == {}
