"""The caller's own task reads, others beside it: who ends whom, in virtual time."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from routersvc.domain.catalogue.modes import HedgingMode
from routersvc.domain.catalogue.policies import HedgingRule
from routersvc.domain.racing.race_attempts import RaceStep
from routersvc.domain.racing.races import Race
from routersvc.engine.call_events import Completion
from routersvc.testing.scripted import Hang, Script, answer
from routersvc.testing.worlds import World, scripted_policy, scripted_request

HEDGED = HedgingRule(mode=HedgingMode.DELAYED, delay=0.5)
SILENT: Script = [Hang()]


def hedged_world(**scripts: list[Script]) -> World:
    """Return a world whose first deployment gets a hedge after half a second."""
    policy = dataclasses.replace(scripted_policy(list(scripts)), hedging=HEDGED)
    return World(scripts, policy=policy)


async def completed(world: World) -> Completion:
    """Make one call for a whole answer."""
    async with world.router.open(scripted_request(streaming=False)) as call:
        return await call.complete()


async def test_caller_reads_the_first_attempt_itself() -> None:
    """No task is started for it."""
    world = World({"a": [answer("x", first=1.0)]})
    tasks = set(asyncio.all_tasks())

    await completed(world)

    running = asyncio.get_running_loop().create_task(completed(world))
    await asyncio.sleep(0.5)
    assert set(asyncio.all_tasks()) - tasks == {running}
    await running
    assert world.leftovers() == {}


async def test_task_whose_attempt_lost_is_not_cancelled() -> None:
    """What it waits for next is not interrupted, and nobody takes it for a task that should end."""
    world = hedged_world(slow=[SILENT], fast=[answer("x", first=0.2)])
    task = asyncio.current_task()
    assert task is not None

    served = (await completed(world)).report.served

    assert served is not None
    assert served.deployment.name == "fast"
    assert task.cancelling() == 0
    await asyncio.sleep(1.0)
    assert world.leftovers() == {}


async def test_caller_that_leaves_as_its_attempt_loses_has_left() -> None:
    """Two cancellations meet in one turn of the loop: that of the caller is not taken back."""
    world = hedged_world(slow=[SILENT], fast=[answer("x", first=0.2)])
    loop = asyncio.get_running_loop()
    caller = loop.create_task(completed(world))
    # Once before the hedge has answered in that turn, and once after.
    for instant in (0.7, 0.7):
        loop.call_at(instant, caller.cancel)

    with pytest.raises(asyncio.CancelledError):
        await caller

    assert loop.time() == 0.7
    assert caller.cancelled()
    assert world.leftovers() == {}


async def test_timeout_of_the_caller_ends_the_call() -> None:
    """`asyncio.timeout` around a call counts cancellations as the race does."""
    world = hedged_world(slow=[SILENT], fast=[SILENT])

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.6):
            await completed(world)

    assert asyncio.get_running_loop().time() == 0.6
    assert world.leftovers() == {}


async def test_defect_beside_a_reading_caller_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong in a callback of the loop fails the call: it does not wait for ever."""
    world = hedged_world(slow=[SILENT], fast=[SILENT])

    def broken(race: Race, now: float) -> list[RaceStep]:
        raise RuntimeError(f"a defect at {now} in {race}")

    monkeypatch.setattr(Race, "woke", broken)

    with pytest.raises(RuntimeError, match=r"a defect at 0\.5"):
        await completed(world)

    assert world.leftovers() == {}
