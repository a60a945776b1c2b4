"""How late the event loop runs what is due: the first sign of too much work in one process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from routersvc.telemetry.instruments import DurationHistogram

INTERVAL = 0.1
"""Seconds between two measurements: ten a second cost nothing that can be measured."""


class LoopLag:
    """Measures the running event loop until it is closed.

    `lags` has a duration for each measurement: what passed, by `clock`, after the moment at which a
    callback was due. Coarse timers of the loop add a millisecond.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.lags = DurationHistogram()
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._due_at = clock() + INTERVAL
        self._timer = self._loop.call_later(INTERVAL, self._measure)

    def close(self) -> None:
        """Stop. Idempotent."""
        self._timer.cancel()

    def _measure(self) -> None:
        now = self._clock()
        self.lags.observe(max(0.0, now - self._due_at))
        self._due_at = now + INTERVAL
        self._timer = self._loop.call_later(INTERVAL, self._measure)
