"""An event loop whose clock jumps to the next timer: hours of waiting pass in milliseconds.

Nothing sleeps: where the loop would wait for a timer, the clock is set forward to it. With
no I/O in play the same program takes the same steps at the same instants, every time.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class NothingLeftError(RuntimeError):
    """Everything waits and no timer is set: in real time this would hang for ever."""

    def __init__(self) -> None:
        super().__init__("every task waits and no timer is set")


class _JumpingSelector(selectors.SelectSelector):
    """Never waits; reports instead how long it was asked to."""

    def __init__(self) -> None:
        super().__init__()
        self.jump: Callable[[float], None] = lambda _: None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise NothingLeftError
        if timeout > 0:
            self.jump(timeout)
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop that starts at instant 0 and jumps.

    `before_step`, where set, is called before each round of ready callbacks: tests cancel there.
    """

    def __init__(self) -> None:
        selector = _JumpingSelector()
        super().__init__(selector)
        selector.jump = self._advance
        self._instant = 0.0
        self.before_step: Callable[[], None] | None = None

    def time(self) -> float:
        """Return the virtual instant in seconds."""
        return self._instant

    def _advance(self, seconds: float) -> None:
        self._instant += seconds

    def _run_once(self) -> None:
        if self.before_step is not None:
            self.before_step()
        super()._run_once()  # type: ignore[misc]  # asyncio's own extension point, untyped


def run_in_virtual_time(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a loop of its own."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
