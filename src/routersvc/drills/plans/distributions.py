"""Distributions of durations in seconds, drawn from a seeded source.

Each draw takes exactly one number from the source, so that two drills that differ in one
distribution draw the same numbers everywhere else.
"""

from __future__ import annotations

import dataclasses
import math
import random as random_module
import statistics

_P95 = statistics.NormalDist().inv_cdf(0.95)
_STANDARD_NORMAL = statistics.NormalDist()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Constant:
    """Always `value`."""

    value: float

    def __post_init__(self) -> None:
        if not 0 <= self.value < math.inf:
            raise ValueError(f"`value` must be at least 0 seconds and finite, not {self.value}")

    def draw(self, random: random_module.Random) -> float:
        """Return the value."""
        random.random()
        return self.value


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Uniform:
    """Uniformly distributed between `low` and `high`."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high < math.inf:
            raise ValueError("`low` is at least 0 seconds and at most `high`, which is finite")

    def draw(self, random: random_module.Random) -> float:
        """Return one value."""
        return self.low + (self.high - self.low) * random.random()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class LogNormal:
    """A log-normal distribution, given by its `median` and 95th percentile."""

    median: float
    p95: float

    def __post_init__(self) -> None:
        if not 0 < self.median <= self.p95 < math.inf:
            raise ValueError("`median` is above 0 seconds and at most `p95`, which is finite")

    def draw(self, random: random_module.Random) -> float:
        """Return one value."""
        # `random` may return 0, where the inverse has no value.
        normal = _STANDARD_NORMAL.inv_cdf(max(random.random(), 1e-16))
        return self.median * math.exp(math.log(self.p95 / self.median) / _P95 * normal)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PowerTail:
    """A heavy-tailed distribution through `points`, pairs of a probability and a value.

    Each value is exceeded with its probability. Between two points the tail follows a power law,
    which continues beyond the last point. The first probability is 1, so that its value is the
    minimum. `ceiling` is the maximum.
    """

    points: tuple[tuple[float, float], ...]
    ceiling: float = math.inf

    def __post_init__(self) -> None:
        if len(self.points) < 2 or self.points[0][0] != 1.0:  # noqa: PLR2004 - a line has two ends
            raise ValueError("`points` holds at least two, the first with probability 1")
        for (likely, low), (rare, high) in zip(self.points, self.points[1:], strict=False):
            if not 0 < rare < likely or not 0 < low < high < math.inf:
                raise ValueError("`points` fall in probability and grow in value, all above 0")
        if not self.ceiling >= self.points[0][1]:
            raise ValueError("`ceiling` is at least the least value")

    def draw(self, random: random_module.Random) -> float:
        """Return one value."""
        return self.exceeded_with(1 - random.random())

    def exceeded_with(self, probability: float) -> float:
        """Return the value that is exceeded with this probability, above 0 and at most 1."""
        index = 1
        while index < len(self.points) - 1 and probability < self.points[index][0]:
            index += 1
        (likely, low), (rare, high) = self.points[index - 1], self.points[index]
        slope = math.log(high / low) / math.log(rare / likely)
        return min(self.ceiling, low * math.pow(probability / likely, slope))

    def exceeding(self, value: float) -> float:
        """Return the probability with which `value` is exceeded."""
        if value < self.points[0][1]:
            return 1.0
        if value >= self.ceiling:
            return 0.0
        index = 1
        while index < len(self.points) - 1 and value > self.points[index][1]:
            index += 1
        (likely, low), (rare, high) = self.points[index - 1], self.points[index]
        slope = math.log(rare / likely) / math.log(high / low)
        return likely * math.pow(value / low, slope)


Distribution = Constant | Uniform | LogNormal | PowerTail
