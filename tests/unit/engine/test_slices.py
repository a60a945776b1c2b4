"""Long work is sliced, one slice between two turns of the loop, whoever's work it is."""

from __future__ import annotations

import asyncio
import contextlib
import itertools

import pytest

from routersvc.domain.conversation.steps import Steps
from routersvc.engine.slices import SLICE, Slices, in_turns


class SteppingClock:
    """A clock of which every reading is a third of a slice later."""

    def __init__(self) -> None:
        self._readings = itertools.count()

    def __call__(self) -> float:
        """Return the next instant."""
        return next(self._readings) * SLICE / 3


def noting(name: str, number: int, log: list[str]) -> Steps[str]:
    """Note each step, and the end."""
    try:
        for place in range(number):
            log.append(f"{name}{place}")
            yield
    finally:
        log.append(f"{name} ended")
    return name


async def test_short_work_is_done_at_once() -> None:
    """No other task runs before its result is there."""
    log: list[str] = []
    slices = Slices(lambda: 0.0)
    other = asyncio.ensure_future(slices.run(noting("b", 1, log)))  # noqa: TID251 - a bystander

    assert await slices.run(noting("a", 3, log)) == "a"
    assert log == ["a0", "a1", "a2", "a ended"]
    assert await other == "b"


async def test_long_work_takes_turns() -> None:
    """Each gets a slice of three steps, then the other."""
    log: list[str] = []
    slices = Slices(SteppingClock())

    results = await asyncio.gather(
        slices.run(noting("a", 24, log)), slices.run(noting("b", 24, log))
    )

    assert tuple(results) == ("a", "b")
    assert log.index("b0") < log.index("a20") < log.index("b20")


async def test_a_turn_of_the_loop_has_one_slice() -> None:
    """However many works there are; the first has all of the first turn.

    Between two turns with a slice is one without.
    """
    turns = 0
    is_over = False
    slices = Slices(SteppingClock())
    loop = asyncio.get_running_loop()
    used: list[set[int]] = []

    def count() -> None:
        nonlocal turns
        turns += 1
        if not is_over:
            loop.call_soon(count)

    def noting_turns() -> Steps[None]:
        used.append(places := set())
        yield
        for _ in range(9):
            places.add(turns)
            yield

    count()
    works = [noting_turns() for _ in range(6)]
    await asyncio.gather(*map(slices.run, works[:4]), *map(in_turns, works[4:]))
    is_over = True

    together = sorted(itertools.chain.from_iterable(used))
    assert len(together) == len(set(together)) > 20
    assert all(later - earlier > 1 for earlier, later in itertools.pairwise(together))


async def test_short_works_share_a_turn() -> None:
    """Otherwise the calls of a burst would wait for one another, a turn or two each."""
    slices = Slices(lambda: 0.0)
    log: list[str] = []

    works = asyncio.gather(*(slices.run(noting(name, 3, log)) for name in "abcdefgh"))
    await asyncio.sleep(0)

    assert log.count("h ended") == 1
    await works


async def test_what_follows_long_work_begins_in_another_turn() -> None:
    """Its caller may have as much to do, which others need not wait for."""
    slices = Slices(SteppingClock())
    log: list[str] = []

    async def call() -> None:
        await slices.run(noting("a", 8, log))
        log.append("goes on")

    async def bystander() -> None:
        while "a ended" not in log:  # noqa: ASYNC110 - a turn is what is counted
            await asyncio.sleep(0)
        log.append("served")

    await asyncio.gather(call(), bystander())

    assert log[-2:] == ["served", "goes on"]


async def test_others_are_served_between_slices() -> None:
    """A task that is ready does not wait for the end of long work."""
    log: list[str] = []
    slices = Slices(SteppingClock())

    async def bystander() -> None:
        log.append("served")

    await asyncio.gather(slices.run(noting("a", 30, log)), bystander())

    assert log.index("served") < log.index("a10")


async def test_work_ends_with_its_caller() -> None:
    """Nothing is computed for a caller that has gone, and nobody waits for its turn."""
    log: list[str] = []
    slices = Slices(SteppingClock())
    task = asyncio.ensure_future(slices.run(noting("a", 1_000, log)))  # noqa: TID251 - cancelled
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task

    assert log[-1] == "a ended"
    assert len(log) < 20
    assert await slices.run(noting("b", 1, log)) == "b"


async def test_failure_of_work_is_its_callers() -> None:
    """The next work runs as if nothing had been."""

    def failing() -> Steps[None]:
        yield
        raise LookupError

    slices = Slices(SteppingClock())

    with pytest.raises(LookupError):
        await slices.run(failing())
    assert await slices.run(noting("b", 9, [])) == "b"


async def test_work_that_is_never_urgent_runs_one_at_a_time() -> None:
    """The second begins after the first has ended, and after its pause."""
    log: list[str] = []
    slices = Slices(SteppingClock())

    await asyncio.gather(
        slices.run_in_turn(noting("a", 9, log)), slices.run_in_turn(noting("b", 9, log))
    )

    assert log.index("a ended") < log.index("b0")
