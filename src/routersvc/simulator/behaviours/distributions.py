"""Distributions of latencies and answer lengths, drawn from a seeded source.

A value is in the unit of the setting that holds the distribution: seconds for a
latency, tokens for a length. Draws are never negative.
"""

from __future__ import annotations

import dataclasses
import math
import random
from typing import ClassVar, Protocol

# The 95th percentile of the standard normal distribution.
_Z95 = 1.6448536269514722


class Drawable(Protocol):
    """The interface of a distribution."""

    @property
    def always_zero(self) -> bool:
        """Whether every draw is zero, so that no wait is needed."""
        ...

    def draw(self, source: random.Random) -> float:
        """Return one value, never negative."""
        ...


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Constant:
    """The same value every time."""

    kind: ClassVar[str] = "constant"
    shorthand: ClassVar[str] = "value"

    value: float = 0.0

    def __post_init__(self) -> None:
        if self.value < 0:
            raise ValueError("`value` must be at least 0")

    @property
    def always_zero(self) -> bool:
        """Whether every draw is zero."""
        return self.value == 0

    def draw(self, source: random.Random) -> float:  # noqa: ARG002 - the protocol's signature
        """Return the value without using the source."""
        return self.value


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Uniform:
    """Any value between two bounds, all equally likely."""

    kind: ClassVar[str] = "uniform"

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high:
            raise ValueError("`low` must be at least 0 and at most `high`")

    @property
    def always_zero(self) -> bool:
        """Whether every draw is zero."""
        return self.high == 0

    def draw(self, source: random.Random) -> float:
        """Return one value between the bounds."""
        return source.uniform(self.low, self.high)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class LogNormal:
    """A log-normal distribution, the usual shape of latencies: a median and a right tail.

    The tail is given by the 95th percentile (`p95`) or by the standard deviation of
    the logarithm (`sigma`): exactly one of them.
    """

    kind: ClassVar[str] = "lognormal"

    median: float
    p95: float | None = None
    sigma: float | None = None

    def __post_init__(self) -> None:
        if self.median <= 0:
            raise ValueError("`median` must be above 0")
        if (self.p95 is None) == (self.sigma is None):
            raise ValueError("give exactly one of `p95` and `sigma`")
        if self.p95 is not None and self.p95 < self.median:
            raise ValueError("`p95` must be at least `median`")
        if self.sigma is not None and self.sigma < 0:
            raise ValueError("`sigma` must be at least 0")

    @property
    def always_zero(self) -> bool:
        """Never: the median is above zero."""
        return False

    @property
    def spread(self) -> float:
        """The standard deviation of the logarithm, however the tail was given."""
        if self.sigma is not None:
            return self.sigma
        assert self.p95 is not None  # noqa: S101 - checked when the value was made
        return math.log(self.p95 / self.median) / _Z95

    def draw(self, source: random.Random) -> float:
        """Return one value; half of all draws are below the median."""
        return source.lognormvariate(math.log(self.median), self.spread)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Pareto:
    """A heavy tail: mostly near the median, now and then very late.

    `shape` is Pareto's alpha: the smaller, the heavier; at 1.5 one draw in a
    thousand is about 60 times the median. `ceiling` cuts the tail.
    """

    kind: ClassVar[str] = "pareto"

    median: float
    shape: float = 1.5
    ceiling: float | None = None

    def __post_init__(self) -> None:
        if self.median <= 0 or self.shape <= 0:
            raise ValueError("`median` and `shape` must be above 0")
        if self.ceiling is not None and self.ceiling < self.median:
            raise ValueError("`ceiling` must be at least `median`")

    @property
    def always_zero(self) -> bool:
        """Never: the median is above zero."""
        return False

    def draw(self, source: random.Random) -> float:
        """Return one value, at least the scale that gives this median."""
        scale = self.median / 2 ** (1 / self.shape)
        drawn = scale * source.paretovariate(self.shape)
        return drawn if self.ceiling is None else min(drawn, self.ceiling)


Distribution = Constant | Uniform | LogNormal | Pareto
