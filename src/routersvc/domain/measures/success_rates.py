"""How calls have ended lately: successes, failures and slow ones over a sliding window."""

from __future__ import annotations

import dataclasses

from routersvc.domain.measures.windows import SlidingWindow


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class SuccessRate:
    """Counts over `span` seconds. A slow call is a success or a failure as well."""

    successes: int
    failures: int
    slow: int
    span: float

    @property
    def calls(self) -> int:
        """How many calls ended."""
        return self.successes + self.failures

    @property
    def success_rate(self) -> float | None:
        """The share that succeeded; `None` without calls."""
        return self.successes / self.calls if self.calls else None


class SuccessRateWindow:
    """The outcomes of the last `span` seconds."""

    __slots__ = ("_failures", "_slow", "_successes", "_window")

    def __init__(self, *, span: float, slices: int = 10) -> None:
        self._successes = 0
        self._failures = 0
        self._slow = 0
        # A slice counts successes, failures and slow calls, in this order.
        self._window: SlidingWindow[list[int]] = SlidingWindow(
            span=span, slices=slices, new=_nothing, forget=self._forget
        )

    def succeeded(self, now: float, *, slow: bool = False) -> None:
        """Count a success."""
        counts = self._window.current(now)
        counts[0] += 1
        self._successes += 1
        if slow:
            counts[2] += 1
            self._slow += 1

    def failed(self, now: float, *, slow: bool = False) -> None:
        """Count a failure."""
        counts = self._window.current(now)
        counts[1] += 1
        self._failures += 1
        if slow:
            counts[2] += 1
            self._slow += 1

    def outcomes(self, now: float) -> SuccessRate:
        """Return the counts of the window."""
        self._window.current(now)
        return SuccessRate(
            successes=self._successes,
            failures=self._failures,
            slow=self._slow,
            span=self._window.span,
        )

    def clear(self) -> None:
        """Forget everything."""
        self._window.clear()

    def _forget(self, counts: list[int]) -> None:
        self._successes -= counts[0]
        self._failures -= counts[1]
        self._slow -= counts[2]
        counts[:] = _nothing()


def _nothing() -> list[int]:
    return [0, 0, 0]
