"""How the attempts on one deployment have ended since the start of the router."""

from __future__ import annotations

import collections

from routersvc.domain.outcomes.failure_rules import FailureClass


class AttemptTotals:
    """Counts of attempts, and the last failure. Those `overdue` are among the `cancelled`."""

    __slots__ = (
        "_last_failure_at",
        "cancelled",
        "failures",
        "last_failure",
        "overdue",
        "served",
        "started",
    )

    def __init__(self) -> None:
        self.started = 0
        self.served = 0
        self.cancelled = 0
        self.overdue = 0
        self.failures: collections.Counter[FailureClass] = collections.Counter()
        self.last_failure: FailureClass | None = None
        self._last_failure_at = 0.0

    def failed(self, failure_class: FailureClass, now: float) -> None:
        """Count a failure."""
        self.failures[failure_class] += 1
        self.last_failure = failure_class
        self._last_failure_at = now

    def last_failure_age(self, now: float) -> float | None:
        """Return the age of the last failure in seconds; `None` without one."""
        return None if self.last_failure is None else now - self._last_failure_at
