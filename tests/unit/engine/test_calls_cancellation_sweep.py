"""Cancelling a caller at every step of every scenario leaves nothing behind.

The loop is stepped; at step n the caller's task is cancelled, for every n that the scenario
has. That reaches each await of the engine, in each state in which it can be.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import gc
from collections.abc import Callable

import pytest
from tests.garbage import cyclic_garbage, without_old_objects

from routersvc.domain.catalogue.modes import HedgingMode, StreamRecoveryMode
from routersvc.domain.catalogue.policies import HedgingRule
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.conversation.deltas import TextDelta
from routersvc.domain.fleet.active_checks import CheckMethod, CheckRule
from routersvc.domain.fleet.concurrency import ConcurrencyRule
from routersvc.domain.fleet.reloading.fleet_rules import DeploymentRules, FleetRules
from routersvc.domain.measures.cost_budgets import CostBudgetRule
from routersvc.domain.outcomes.errors import CallFailedError
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.testing.scripted import Emit, Fail, Hang, Wait, answer
from routersvc.testing.virtual_time import VirtualTimeLoop
from routersvc.testing.worlds import World, scripted_policy, scripted_request

BROKEN = Fail(Failure(failure_class=FailureClass.TRUNCATED, message="cut"))
FAILED = Fail(Failure(failure_class=FailureClass.SERVER_ERROR, message="failed"))
LIMITED = Fail(Failure(failure_class=FailureClass.RATE_LIMITED, message="slow", retry_after=1.0))
HALF = Emit((TextDelta(text="half"),))


def plain() -> World:
    """One deployment answers."""
    return World({"a": [answer("a", "b", "c", first=0.5, gap=0.1)]})


def failover() -> World:
    """The first fails, the second answers."""
    return World({"a": [[Wait(0.2), FAILED]], "b": [answer("a", "b", first=0.1, gap=0.1)]})


def late() -> World:
    """The first hangs until its timeout."""
    return World({"a": [[Hang()]], "b": [answer("a", first=0.1)]})


def retry() -> World:
    """The only one asks to wait, then answers."""
    return World({"a": [[LIMITED], answer("a")]})


def restart() -> World:
    """The first breaks after content, the second starts over."""
    return World(
        {"a": [[HALF, Wait(0.1), BROKEN]], "b": [answer("a", "b", first=0.1, gap=0.1)]},
        policy=scripted_policy(["a", "b"], stream_recovery=StreamRecoveryMode.RESTART),
    )


def exhausted() -> World:
    """Everything fails."""
    return World({"a": [[Wait(0.1), FAILED]], "b": [[Wait(0.1), FAILED]]})


def hedged() -> World:
    """The first is late, its hedge answers."""
    return with_hedging(HedgingRule(mode=HedgingMode.DELAYED, delay=0.3))


def parallel() -> World:
    """Two start at once, the second answers."""
    return with_hedging(HedgingRule(mode=HedgingMode.PARALLEL))


def with_hedging(rule: HedgingRule, *tenants: Tenant) -> World:
    """Return a world in which the second deployment is the faster one."""
    return World(
        {"a": [answer("a", first=2.0)], "b": [answer("b", "c", first=0.1, gap=0.1)]},
        policy=dataclasses.replace(scripted_policy(["a", "b"]), hedging=rule),
        tenants=tenants,
    )


def resume() -> World:
    """The first breaks after content, the second goes on."""
    return World(
        {"a": [[HALF, Wait(0.1), BROKEN]], "b": [answer("a", "b", first=0.1, gap=0.1)]},
        policy=scripted_policy(["a", "b"], stream_recovery=StreamRecoveryMode.RESUME),
    )


def queued() -> World:
    """Both are full with one call each; the caller waits in their queues."""
    rule = ConcurrencyRule(initial=1, minimum=1, maximum=1)
    return World(
        {"a": [answer("a", first=0.5)], "b": [answer("b", "c", first=0.3, gap=0.1)]},
        rules=FleetRules(deployments=DeploymentRules(concurrency=rule)),
    )


COMPANIONS = {queued: 2}
"""How many other calls run beside the one that is cancelled."""


def budgeted() -> World:
    """The first is late, its hedge answers, and both are paid for by a tenant."""
    tenant = Tenant(name="", budget=CostBudgetRule(usd=1.0, window=60.0))
    return with_hedging(HedgingRule(mode=HedgingMode.DELAYED, delay=0.3), tenant)


async def call(world: World, *, streaming: bool) -> None:
    """Make one call, whatever becomes of it."""
    with contextlib.suppress(CallFailedError):
        await successful_call(world, streaming=streaming)


async def successful_call(world: World, *, streaming: bool) -> None:
    """Make one call and read it to its end."""
    async with world.router.open(scripted_request(streaming=streaming)) as running:
        if not streaming:
            await running.complete()
            return
        ended = False
        while not ended:
            ended = isinstance((await running.receive())[-1], Finished)


def cancelled_at(step: int, scenario: Callable[[], World], *, streaming: bool) -> bool:
    """Run a scenario, cancel its caller before round `step`; return whether it still ran."""
    was_running = False

    async def main() -> None:
        nonlocal was_running
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        world = scenario()
        gc.collect()
        rounds = 0

        def before_step() -> None:
            nonlocal rounds, was_running
            rounds += 1
            if rounds == step and not caller.done():
                was_running = True
                caller.cancel()

        async with asyncio.TaskGroup() as group:
            companions = [
                group.create_task(call(world, streaming=streaming))
                for _ in range(COMPANIONS.get(scenario, 0))
            ]
            caller = group.create_task(call(world, streaming=streaming))
            loop.before_step = before_step
            (outcome,) = await asyncio.gather(caller, return_exceptions=True)
        loop.before_step = None

        assert all(not companion.cancelled() for companion in companions)
        assert outcome is None or isinstance(outcome, asyncio.CancelledError)
        if was_running:
            await asyncio.sleep(0)
        assert world.leftovers() == {}
        assert len(world.observer.ends) <= 1 + len(companions)
        health = world.router.health()
        assert all(each.in_flight == 0 for each in health)
        outcome = None
        assert cyclic_garbage("routersvc.domain.", "routersvc.engine.") == []

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())
    return was_running


@pytest.mark.parametrize("streaming", [True, False], ids=["stream", "unary"])
@pytest.mark.parametrize(
    "scenario",
    [
        plain,
        failover,
        late,
        retry,
        restart,
        resume,
        hedged,
        parallel,
        exhausted,
        queued,
        budgeted,
    ],
)
def test_cancellation_at_every_step_leaves_nothing(
    scenario: Callable[[], World],
    streaming: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Promises 5 and 6: no task, stream, lease or call outlives a caller that left.

    Nor is there work for the garbage collector, whose pauses would be waits of all other callers.
    """
    step = 1

    with without_old_objects():
        while cancelled_at(step, scenario, streaming=streaming):
            step += 1

    assert step > 3, "the scenario has several steps at which its caller can leave"


def checked_until(step: int, method: CheckMethod) -> bool:
    """Stop the active checks before round `step`; return whether there was such a round."""
    reached = False

    async def main() -> None:
        nonlocal reached
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        world = World(
            {"a": [answer("a", first=0.5)], "b": [[Hang()]]},
            rules=FleetRules(checks=CheckRule(method=method, interval=2.0)),
        )
        world.router.start_checks()
        for _ in range(step):
            await asyncio.sleep(0 if step % 2 else 0.1)
        reached = world.router.running_checks > 0

        await world.router.stop_checks()

        assert world.leftovers() == {}

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())
    return reached


@pytest.mark.parametrize("method", [CheckMethod.FREE, CheckMethod.COMPLETION])
def test_checks_can_be_stopped_at_every_step(method: CheckMethod) -> None:
    """A router that closes leaves no check behind, whatever it was doing."""
    for step in range(1, 60):
        assert checked_until(step, method), step
