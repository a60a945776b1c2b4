"""An event loop in virtual time: its clock jumps to the next timer instead of waiting for it.

Hours of waiting pass in milliseconds. Without I/O a program takes the same steps at the same times
in every run.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class NothingScheduledError(RuntimeError):
    """Every task waits and no timer is set: in real time the program would hang forever."""

    def __init__(self) -> None:
        super().__init__("every task waits and no timer is set")


class _JumpingSelector(selectors.SelectSelector):
    """Polls without blocking and passes the timeout on to `jump`."""

    def __init__(self) -> None:
        super().__init__()
        self.jump: Callable[[float], None] = lambda _: None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise NothingScheduledError
        if timeout > 0:
            self.jump(timeout)
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop that starts at time 0 and advances its clock to the next timer when idle.

    `before_step`, if set, is called before each iteration of the loop, so that a test can cancel a
    task at any point.
    """

    def __init__(self) -> None:
        selector = _JumpingSelector()
        super().__init__(selector)
        selector.jump = self._advance
        self._now = 0.0
        self.before_step: Callable[[], None] | None = None

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now

    def _advance(self, seconds: float) -> None:
        self._now += seconds

    def _run_once(self) -> None:
        if self.before_step is not None:
            self.before_step()
        super()._run_once()  # type: ignore[misc]  # asyncio's own extension point, untyped


def run_in_virtual_time(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a new `VirtualTimeLoop` and return its result.

    Raises:
        NothingScheduledError: the coroutine waits for something that cannot happen.
    """
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
