"""Interrupts a wait that lasts too long, at a fraction of the cost of a timer per wait.

`asyncio.timeout` arms and disarms a timer for every token. A watchdog keeps one timer and checks,
when it fires, whether the wait it guards is really late; a stream of a thousand tokens arms it a
handful of times. Cancellation is counted as `asyncio.timeout` counts it, so that a caller's own
cancellation is never mistaken for a timeout.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class Watchdog:
    """Guards the waits of one task, one at a time. Instants are those of the running loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._until = 0.0
        self._task: asyncio.Task[object] | None = None
        self._fired = False

    async def within(self, awaitable: Awaitable[T], until: float) -> T:
        """Wait for `awaitable` and return its result.

        Raises:
            TimeoutError: the instant `until` came first.
        """
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a watchdog guards the waits of a task")
        cancelling = task.cancelling()
        self._until = until
        self._fired = False
        if self._timer is None or self._timer_at > until:
            self._arm()
        self._task = task
        try:
            return await awaitable
        except asyncio.CancelledError:
            if self._fired and task.uncancel() <= cancelling:
                raise TimeoutError from None
            raise
        finally:
            self._task = None

    def close(self) -> None:
        """Disarm the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = self._until
        self._timer = self._loop.call_at(self._until, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._task is None:
            return
        if self._loop.time() < self._until:
            self._arm()
        else:
            self._fired = True
            self._task.cancel()
