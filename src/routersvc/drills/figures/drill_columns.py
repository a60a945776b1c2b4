"""The time of a drill cut into columns of equal length: what every plot of it shows."""

from __future__ import annotations

import array
import collections
import dataclasses
from collections.abc import Sequence

from routersvc.drills.figures.drill_figures import CallOutcome, Second, quantile


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """What happened in `length` seconds from `start` on.

    Shares are parts of 1 and, like the quantiles of the time to first content, `None` where
    there was nothing to take them of.
    """

    start: int
    length: int
    arrived: int
    outcomes: collections.Counter[CallOutcome]
    extra: int
    attempts: collections.Counter[str]
    failures: collections.Counter[str]
    first_content_p50: float | None
    first_content_p95: float | None

    @property
    def completed_share(self) -> float | None:
        """Completed calls among those whose end the router had a say in."""
        ended = self.outcomes.total() - self.outcomes[CallOutcome.LEFT]
        return self.outcomes[CallOutcome.COMPLETED] / ended if ended else None

    @property
    def extra_share(self) -> float | None:
        """Extra attempts per call that arrived."""
        return self.extra / self.arrived if self.arrived else None

    def share_of(self, deployment: str) -> float | None:
        """Return which part of all attempts went to a deployment."""
        total = self.attempts.total()
        return self.attempts[deployment] / total if total else None


def columns_of(seconds: Sequence[Second], *, most: int) -> tuple[Column, ...]:
    """Return at most `most` columns; each stands for as many whole seconds.

    Raises:
        ValueError: `most` is below one column.
    """
    if most < 1:
        raise ValueError(f"`most` must be at least 1 column, not {most}")
    length = max(1, -(-len(seconds) // most))
    return tuple(
        _column(seconds[start : start + length], start, length)
        for start in range(0, len(seconds), length)
    )


def _column(seconds: Sequence[Second], start: int, length: int) -> Column:
    outcomes: collections.Counter[CallOutcome] = collections.Counter()
    attempts: collections.Counter[str] = collections.Counter()
    failures: collections.Counter[str] = collections.Counter()
    first_contents: array.array[float] = array.array("d")
    for second in seconds:
        outcomes += second.outcomes
        attempts += second.attempts
        failures += second.failures
        first_contents += second.first_contents
    return Column(
        start=start,
        length=length,
        arrived=sum(second.arrived for second in seconds),
        outcomes=outcomes,
        extra=sum(second.extra for second in seconds),
        attempts=attempts,
        failures=failures,
        first_content_p50=quantile(first_contents, 0.5),
        first_content_p95=quantile(first_contents, 0.95),
    )
