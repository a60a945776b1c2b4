"""Virtual time jumps from timer to timer, and a program that hangs fails at once."""

from __future__ import annotations

import asyncio

import pytest

from routersvc.testing import NothingScheduledError, run_in_virtual_time


def test_clock_jumps_to_the_next_timer() -> None:
    """Timers fire in order and at exactly their times."""

    async def sleepers() -> list[tuple[str, float]]:
        loop = asyncio.get_running_loop()
        woken: list[tuple[str, float]] = []

        async def sleep(name: str, seconds: float) -> None:
            await asyncio.sleep(seconds)
            woken.append((name, loop.time()))

        async with asyncio.TaskGroup() as group:
            group.create_task(sleep("day", 86_400.0))
            group.create_task(sleep("hour", 3_600.0))
        return woken

    assert run_in_virtual_time(sleepers()) == [("hour", 3_600.0), ("day", 86_400.0)]


def test_program_that_would_hang_fails() -> None:
    """In real time only the limit of the test would end it."""

    async def hang() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(NothingScheduledError):
        run_in_virtual_time(hang())
