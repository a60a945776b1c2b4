"""Interrupts a wait that lasts too long, at a fraction of the cost of a timer per wait.

`asyncio.timeout` arms and disarms a timer for every token. A watchdog keeps one timer and asks,
when it fires, whether the wait it guards is really late; a stream of a thousand tokens arms it a
handful of times, and the instant is computed as often. Cancellation is counted as
`asyncio.timeout` counts it, so that a caller's own cancellation is never mistaken for a timeout.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class Watchdog:
    """Guards the waits of one task, one at a time. Instants are those of the running loop.

    From one wait to the next, the instant at which a wait is late only moves forward, unless the
    watchdog is closed in between.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._late_at: Callable[[], float] | None = None
        self._task: asyncio.Task[object] | None = None
        self._fired = False

    async def within(self, awaitable: Awaitable[T], late_at: Callable[[], float]) -> T:
        """Wait for `awaitable` and return its result.

        `late_at` returns the instant at which the wait is late.

        Raises:
            TimeoutError: that instant came first.
        """
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a watchdog guards the waits of a task")
        cancelling = task.cancelling()
        self._late_at = late_at
        self._fired = False
        if self._timer is None:
            self._timer = self._loop.call_at(late_at(), self._look)
        self._task = task
        try:
            return await awaitable
        except asyncio.CancelledError:
            if self._fired and task.uncancel() <= cancelling:
                raise TimeoutError from None
            raise
        finally:
            self._task = None
            # A cancelled task holds its error, whose traceback would hold the task.
            del task

    def close(self) -> None:
        """Disarm the timer, and forget whom it asks; the next wait arms it again."""
        self._late_at = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self._task is None or self._late_at is None:
            return
        instant = self._late_at()
        if self._loop.time() < instant:
            self._timer = self._loop.call_at(instant, self._look)
        else:
            self._fired = True
            self._task.cancel()
