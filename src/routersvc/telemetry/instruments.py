"""Counters and histograms that cost a tenth of a microsecond.

The client library's own take a lock at every step, because they serve threads. These are
written and read by one thread, the event loop's, and are handed to the library only when somebody
scrapes. Histogram bounds are those that OpenTelemetry's GenAI conventions give for the
duration of a model's answer, with one more doubling to reach the default deadline.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_left
from collections.abc import Sequence

DURATION_BOUNDS = tuple(0.01 * 2**power for power in range(15))
"""Upper bounds of the buckets in seconds: 0.01 to 163.84, each twice the one before."""

_LABELS = (*(repr(bound) for bound in DURATION_BOUNDS), "+Inf")


@dataclasses.dataclass(slots=True)
class Counter:
    """A number that only grows, or, for what is under way, goes up and down."""

    value: float = 0.0


@dataclasses.dataclass(slots=True)
class DurationHistogram:
    """How often a time fell into each bucket, and the sum of all in seconds."""

    counts: list[int] = dataclasses.field(default_factory=lambda: [0] * len(_LABELS))
    total: float = 0.0

    def observe(self, seconds: float) -> None:
        """Count one time."""
        self.counts[bisect_left(DURATION_BOUNDS, seconds)] += 1
        self.total += seconds

    def buckets(self) -> Sequence[tuple[str, float]]:
        """Return each upper bound with the number of times at or below it."""
        cumulative = 0
        buckets: list[tuple[str, float]] = []
        for label, count in zip(_LABELS, self.counts, strict=True):
            cumulative += count
            buckets.append((label, cumulative))
        return buckets
