"""Calls that wait for a place at deployments that are full, in virtual time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Sequence

import pytest

from routersvc.domain.conversation.answers import Finished
from routersvc.domain.fleet.concurrency import ConcurrencyRule
from routersvc.domain.fleet.reloading.fleet_rules import DeploymentRules, FleetRules
from routersvc.domain.outcomes.attempt_reports import AttemptReason
from routersvc.domain.outcomes.errors import (
    AttemptsFailedError,
    CallFailedError,
    DeadlineExceededError,
)
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.engine.calls import Call
from routersvc.testing.scripted import Fail, Move, Script, Wait, answer
from routersvc.testing.worlds import World, scripted_policy, scripted_request

SECOND: Script = answer("x", first=1.0)


def full_after(places: int, *, queue: int = 10, max_wait: float = 10.0) -> FleetRules:
    """Return rules by which every deployment takes so many attempts at once, for good."""
    rule = ConcurrencyRule(
        initial=places, minimum=1, maximum=places, queue=queue, max_wait=max_wait
    )
    return FleetRules(deployments=DeploymentRules(concurrency=rule))


async def call(world: World, *, within: float = 120.0) -> tuple[float, str]:
    """Make one call; return when it ended and its deployment, or the name of its error."""
    now = asyncio.get_running_loop().time
    try:
        async with world.router.open(scripted_request(timeout=within)) as running:
            ended = False
            while not ended:
                ended = isinstance((await running.receive())[-1], Finished)
            served = running.report().served
            assert served is not None
            return now(), served.deployment.name
    except CallFailedError as error:
        return now(), type(error).__name__


def start(running: Coroutine[None, None, tuple[float, str]]) -> asyncio.Task[tuple[float, str]]:
    """Let a call run beside the test, which awaits it."""
    return asyncio.get_running_loop().create_task(running)


async def calls(world: World, count: int) -> Sequence[tuple[float, str]]:
    """Make so many calls at once, in order."""
    return await asyncio.gather(*(call(world) for _ in range(count)))


async def test_calls_beyond_the_places_wait_their_turn() -> None:
    """Two places, one second each: the queue moves on in pairs, first come first served."""
    world = World({"a": [SECOND]}, rules=full_after(2))

    ended = await calls(world, 6)

    assert ended == [(1.0, "a"), (1.0, "a"), (2.0, "a"), (2.0, "a"), (3.0, "a"), (3.0, "a")]
    assert world.leftovers() == {}


async def test_call_in_two_queues_starts_where_a_place_is_free_first() -> None:
    """Tied tickets: the twin is dropped in the same step, so nothing starts twice."""
    world = World(
        {"slow": [answer("x", first=9.0)], "fast": [answer("x", first=2.0)]}, rules=full_after(1)
    )

    ended = await calls(world, 3)

    assert ended == [(9.0, "slow"), (2.0, "fast"), (4.0, "fast")]
    assert [(a.deployment, a.started_at) for a in world.observer.attempts] == [
        ("slow", 0.0),
        ("fast", 0.0),
        ("fast", 2.0),
    ]
    assert world.leftovers() == {}


async def test_place_of_the_dropped_twin_goes_to_the_next_in_line() -> None:
    """A twin that left its queue does not block the tickets behind it."""
    world = World(
        {"a": [answer("x", first=3.0)], "b": [answer("x", first=2.0)]}, rules=full_after(1)
    )

    ended = await calls(world, 5)

    # b is free at 2 and 4, a at 3: the third call takes b, the fourth a, the fifth b again.
    assert ended == [(3.0, "a"), (2.0, "b"), (4.0, "b"), (6.0, "a"), (6.0, "b")]


async def test_full_queue_refuses_at_once() -> None:
    """Where the queue is full too, the caller hears so immediately."""
    world = World({"a": [SECOND]}, rules=full_after(1, queue=1))

    ended = await calls(world, 3)

    assert ended == [(1.0, "a"), (2.0, "a"), (0.0, "AttemptsFailedError")]


async def test_wait_for_a_place_is_bounded() -> None:
    """The caller hears that the router is full, not that its time is up."""
    world = World({"a": [answer("x", first=15.0)]}, rules=full_after(1, max_wait=5.0))
    first = start(call(world))
    await asyncio.sleep(0)

    with pytest.raises(AttemptsFailedError) as caught:
        async with world.router.open(scripted_request()) as running:
            await running.receive()

    assert asyncio.get_running_loop().time() == 5.0
    assert caught.value.failure.failure_class is FailureClass.LOCAL_LIMIT
    assert world.router.waiting_tickets == 0
    assert await first == (15.0, "a")


async def test_deadline_ends_the_wait() -> None:
    """One deadline over all, the queue included."""
    world = World({"a": [answer("x", first=15.0)]}, rules=full_after(1))
    first = start(call(world))
    await asyncio.sleep(0)

    waited = await call(world, within=3.0)

    assert waited == (3.0, DeadlineExceededError.__name__)
    assert world.router.waiting_tickets == 0
    await first


async def test_no_attempt_starts_on_a_place_that_comes_too_late() -> None:
    """The place is free 30 ms before the deadline: too little for any model, so nothing starts."""
    world = World({"a": [answer("x", first=1.0)]}, rules=full_after(1))
    first = start(call(world))
    await asyncio.sleep(0)

    waited = await call(world, within=1.03)

    assert waited == (1.0, AttemptsFailedError.__name__)
    assert len(world.observer.attempts) == 1
    await first
    assert world.leftovers() == {}


async def test_caller_that_leaves_the_queue_leaves_nothing_behind() -> None:
    """The third call has the place that the second one no longer wants."""
    world = World({"a": [SECOND], "b": [SECOND]}, rules=full_after(1))
    running = [start(call(world)) for _ in range(2)]
    await asyncio.sleep(0)
    leaving = start(call(world))
    following = start(call(world))
    await asyncio.sleep(0.5)

    leaving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await leaving

    assert world.router.waiting_tickets == 2
    assert await following == (2.0, "a")
    await asyncio.gather(*running)
    assert world.leftovers() == {}


async def test_caller_that_leaves_with_a_place_in_hand_gives_it_back() -> None:
    """Granted and cancelled in the same instant: the place goes to the next ticket."""
    world = World({"a": [SECOND]}, rules=full_after(1))
    first = start(call(world))
    await asyncio.sleep(0)
    second = start(call(world))
    third = start(call(world))
    await asyncio.sleep(0)

    def leave(_: object) -> None:
        second.cancel()

    first.add_done_callback(leave)
    await asyncio.wait([first, second, third])

    assert (await third)[1] == "a"
    assert world.leftovers() == {}


async def test_place_at_a_deployment_that_has_closed_meanwhile_is_given_back() -> None:
    """A provider that asked for a pause meanwhile is not called; another deployment is."""
    refused: list[Move] = [
        Wait(1.0),
        Fail(Failure(failure_class=FailureClass.RATE_LIMITED, message="429", retry_after=30.0)),
    ]
    world = World(
        {"a": [refused, SECOND], "b": [answer("x", first=5.0)]},
        rules=full_after(1),
        policy=scripted_policy(["a", "b"], max_attempts=1),
    )

    ended = await calls(world, 3)

    assert ended == [(1.0, "AttemptsFailedError"), (5.0, "b"), (10.0, "b")]
    assert [a.deployment for a in world.observer.attempts] == ["a", "b", "b"]
    assert world.leftovers() == {}


async def test_failover_waits_where_everybody_else_is_full() -> None:
    """The failed call keeps its reason and stands in line."""
    failure = Failure(failure_class=FailureClass.SERVER_ERROR, message="503")
    failing: list[Move] = [Wait(0.5), Fail(failure)]
    world = World({"a": [failing], "b": [SECOND]}, rules=full_after(1))

    async def reasons(call: Call) -> tuple[float, list[AttemptReason]]:
        async with call as running:
            while not isinstance((await running.receive())[-1], Finished):
                pass
            made = running.report().attempts
            return asyncio.get_running_loop().time(), [attempt.reason for attempt in made]

    ended = await asyncio.gather(
        *(reasons(world.router.open(scripted_request())) for _ in range(2))
    )

    assert ended == [
        (2.0, [AttemptReason.FIRST, AttemptReason.FAILOVER]),
        (1.0, [AttemptReason.FIRST]),
    ]


async def test_health_tells_how_many_wait() -> None:
    """Operators see the queue before callers feel it."""
    world = World({"a": [SECOND]}, rules=full_after(1))
    running = [start(call(world)) for _ in range(3)]
    await asyncio.sleep(0.5)

    (health,) = world.router.health()

    assert (health.in_flight, health.queued, health.concurrency_limit) == (1, 2, 1)
    await asyncio.gather(*running)
