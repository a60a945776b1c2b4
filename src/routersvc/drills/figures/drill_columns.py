"""Divides the time of a drill into columns of equal length, as plots and JSON show it."""

from __future__ import annotations

import array
import collections
import dataclasses
from collections.abc import Sequence

from routersvc.drills.figures.drill_figures import CallOutcome, Second, quantile


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """What happened in `length` seconds from `start` on.

    Shares are fractions of 1. Shares and quantiles are `None` where nothing was counted.
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
        """The share of completed calls, without those that their callers cancelled."""
        ended = self.outcomes.total() - self.outcomes[CallOutcome.LEFT]
        return self.outcomes[CallOutcome.COMPLETED] / ended if ended else None

    @property
    def extra_share(self) -> float | None:
        """Extra attempts per arrived call."""
        return self.extra / self.arrived if self.arrived else None

    def share_of(self, deployment: str) -> float | None:
        """Return the share of all attempts that went to a deployment."""
        total = self.attempts.total()
        return self.attempts[deployment] / total if total else None


def columns_of(seconds: Sequence[Second], *, most: int) -> tuple[Column, ...]:
    """Return at most `most` columns, each of the same number of whole seconds.

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
