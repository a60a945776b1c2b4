"""The lag of the event loop is what callbacks are late by, in virtual time."""

from __future__ import annotations

import asyncio

from routersvc.telemetry.loop_lag import INTERVAL, LoopLag
from routersvc.testing.virtual_time import run_in_virtual_time


def test_work_that_blocks_the_loop_is_seen_as_lag() -> None:
    """One measurement is late by the work; those before and after it are in time."""

    async def main() -> LoopLag:
        loop = asyncio.get_running_loop()
        blocked = 0.0

        def clock() -> float:
            return loop.time() + blocked

        def work() -> None:
            nonlocal blocked
            blocked += 0.5

        lag = LoopLag(clock=clock)
        loop.call_at(loop.time() + 2.5 * INTERVAL, work)
        await asyncio.sleep(5.5 * INTERVAL)
        lag.close()
        await asyncio.sleep(5 * INTERVAL)
        return lag

    lags = run_in_virtual_time(main()).lags

    in_time, late = lags.counts[0], sum(lags.counts[1:])
    assert (in_time, late) == (4, 1)
    assert abs(lags.total - 0.5) < 1e-6
