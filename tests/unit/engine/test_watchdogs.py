"""Waits end in time, and nothing else is mistaken for lateness, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import pytest

from routersvc.engine.watchdogs import Watchdog


async def value_after(seconds: float) -> float:
    """Return the instant after so many seconds."""
    await asyncio.sleep(seconds)
    return asyncio.get_running_loop().time()


async def outcome(watchdog: Watchdog, wait: Coroutine[None, None, float], until: float) -> float:
    """Return when a guarded wait ended, below zero where it was late."""
    try:
        return await watchdog.within(wait, lambda: until)
    except TimeoutError:
        return -asyncio.get_running_loop().time()


async def test_wait_that_is_late_ends_at_its_instant() -> None:
    """Whether the instant before it was the same or earlier."""
    for earlier in (1.0, 5.0):
        watchdog = Watchdog()
        began = asyncio.get_running_loop().time()
        await outcome(watchdog, value_after(0.5), began + earlier)

        ended = await outcome(watchdog, value_after(60.0), began + 5.0)

        assert ended == -(began + 5.0)
        watchdog.close()


async def test_wait_that_is_in_time_is_left_alone() -> None:
    """Also while an earlier instant passes, for which the timer was armed."""
    watchdog = Watchdog()

    ends = [
        await outcome(watchdog, value_after(0.5), 1.0),
        await outcome(watchdog, value_after(3.0), 10.0),
        await outcome(watchdog, value_after(60.0), 12.0),
        await outcome(watchdog, value_after(1.0), 20.0),
    ]

    assert ends == [0.5, 3.5, -12.0, 13.0]
    watchdog.close()


async def test_instant_may_move_while_a_wait_lasts() -> None:
    """The timer asks for it when it fires."""
    watchdog = Watchdog()
    instants = iter((1.0, 3.0, 7.0, 7.0))

    with pytest.raises(TimeoutError):
        await watchdog.within(value_after(60.0), lambda: next(instants))

    assert asyncio.get_running_loop().time() == 7.0
    watchdog.close()


async def test_closed_watchdog_takes_an_earlier_instant() -> None:
    """Another attempt has taken over, with timeouts of its own."""
    watchdog = Watchdog()
    await watchdog.within(value_after(0.5), lambda: 90.0)
    watchdog.close()

    assert await outcome(watchdog, value_after(60.0), 5.0) == -5.0
    watchdog.close()


async def test_timer_that_goes_off_between_waits_ends_none() -> None:
    """The caller took its time; the next wait has its own."""
    watchdog = Watchdog()
    await watchdog.within(value_after(0.5), lambda: 1.0)
    await asyncio.sleep(5.0)

    assert await outcome(watchdog, value_after(1.0), 20.0) == 6.5
    watchdog.close()


async def test_closed_watchdog_leaves_no_timer() -> None:
    """Nothing goes off later, and closing again does nothing."""
    watchdog = Watchdog()
    await watchdog.within(value_after(0.5), lambda: 5.0)

    watchdog.close()
    watchdog.close()

    assert await value_after(10.0) == 10.5


async def test_cancellation_by_somebody_else_is_no_lateness() -> None:
    """A wait after a late one included: that one's end is no excuse."""
    watchdog = Watchdog()

    async def waits() -> None:
        with pytest.raises(TimeoutError):
            await watchdog.within(value_after(60.0), lambda: 1.0)
        await watchdog.within(value_after(60.0), lambda: 30.0)

    task = asyncio.get_running_loop().create_task(waits())
    await asyncio.sleep(2.0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    watchdog.close()


async def test_cancellation_beside_lateness_wins() -> None:
    """A cancellation in the same moment is not mistaken for a timeout."""
    watchdog = Watchdog()
    loop = asyncio.get_running_loop()
    task = loop.create_task(outcome(watchdog, value_after(60.0), 1.0))
    loop.call_at(1.0, task.cancel)

    with pytest.raises(asyncio.CancelledError):
        await task
    watchdog.close()
