"""Policies: deployments, timeouts, retries and hedging for a group of requests.

Defaults are defined by the settings schema. All times are in seconds.
"""

from __future__ import annotations

import dataclasses
import enum

from routersvc.domain.catalogue.constraints import UNLIMITED, Constraints
from routersvc.domain.catalogue.modes import (
    ConsistencyMode,
    HedgingMode,
    OrderMode,
    StreamRecoveryMode,
)
from routersvc.domain.catalogue.ranking_goals import DEFAULT_GOAL, RankingGoal
from routersvc.domain.catalogue.route_rules import RouteRule


class Priority(enum.Enum):
    """How urgent a request is."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


_REASONING_FACTOR = 4.0
"""Models that reason may think for a minute before their first content."""


def _positive(name: str, value: float | None) -> None:
    if value is not None and not value > 0:
        raise ValueError(f"`{name}` must be above 0 seconds, not {value}")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Timeouts:
    """How long the parts of an attempt may take; each is also bounded by the deadline.

    `useful` is the least time that an attempt needs to be worthwhile: none is started with less
    left. `first_content_reasoning` is the timeout of the first content where a model may reason;
    unset, four times `first_content`.
    """

    connect: float
    first_content: float
    idle: float
    attempt: float
    useful: float
    first_content_reasoning: float | None = None

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            _positive(field.name, getattr(self, field.name))

    @property
    def first_content_of_reasoning(self) -> float:
        """The seconds until the first content of a model that may reason."""
        if self.first_content_reasoning is None:
            return _REASONING_FACTOR * self.first_content
        return self.first_content_reasoning

    def tightened(
        self,
        *,
        first_content: float | None = None,
        idle: float | None = None,
        attempt: float | None = None,
    ) -> Timeouts:
        """Return these timeouts with the smaller of each pair; `None` changes nothing.

        `first_content` holds for models that reason as well: the caller has named its own limit.
        """
        if first_content is None and idle is None and attempt is None:
            return self
        return dataclasses.replace(
            self,
            first_content_reasoning=self.first_content_reasoning
            if first_content is None
            else min(self.first_content_of_reasoning, first_content),
            first_content=self.first_content
            if first_content is None
            else min(self.first_content, first_content),
            idle=self.idle if idle is None else min(self.idle, idle),
            attempt=self.attempt if attempt is None else min(self.attempt, attempt),
        )


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class HedgingRule:
    """When to start another attempt in parallel.

    A delayed hedge starts at `percentile` of the live time to first content, clamped to `min_delay`
    and `max_delay`, once there are `min_samples`: of the deployment itself, else of another one of
    the same model, provider or wire format; without any at `max_delay`. `delay`, if set, replaces
    the live percentile. `max_parallel` overrides `most_parallel`.
    """

    mode: HedgingMode
    percentile: float = 0.95
    min_samples: int = 100
    min_delay: float = 0.2
    max_delay: float = 20.0
    delay: float | None = None
    max_parallel: int | None = None

    @property
    def most_parallel(self) -> int:
        """The largest number of concurrent attempts for one request, the first included.

        Three by default, so that a late hedge has another one, and two in parallel mode, which
        starts all of them at once.
        """
        if self.max_parallel is not None:
            return self.max_parallel
        return 2 if self.mode is HedgingMode.PARALLEL else 3

    def __post_init__(self) -> None:
        if not 0 < self.percentile < 1:
            raise ValueError("`percentile` must be between 0 and 1")
        if self.max_parallel is not None and self.max_parallel < 1:
            raise ValueError("`max_parallel` counts the first attempt: at least 1")
        if not 0 < self.min_delay <= self.max_delay:
            raise ValueError("`min_delay` is above 0 and at most `max_delay`")
        _positive("delay", self.delay)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RetryRule:
    """When to retry a deployment that failed: backoff with full jitter, in seconds.

    With `only_without_alternative`, failover to another eligible deployment always comes first.
    """

    max_retries: int = 1
    base_delay: float = 0.1
    max_delay: float = 5.0
    only_without_alternative: bool = True

    def __post_init__(self) -> None:
        if self.max_retries < 0:
            raise ValueError("`max_retries` is at least 0")
        if not 0 < self.base_delay <= self.max_delay:
            raise ValueError("`base_delay` is above 0 and at most `max_delay`")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """Named routing rules.

    `deployments` are names in order of preference. With the order `BALANCED`, the deployments of
    one model share its place in that order by load; `RANKED` orders the models by `goal`. The
    first of `rules` that matches a request determines its deployments instead. `constraints` apply
    to every request under this policy.
    """

    name: str
    deployments: tuple[str, ...]
    max_attempts: int
    timeouts: Timeouts
    hedging: HedgingRule
    order: OrderMode = OrderMode.FIXED
    goal: RankingGoal = DEFAULT_GOAL
    rules: tuple[RouteRule, ...] = ()
    retries: RetryRule = RetryRule()
    stream_recovery: StreamRecoveryMode = StreamRecoveryMode.FAIL
    consistency: ConsistencyMode = ConsistencyMode.ANY
    failover_on_refusal: bool = False
    allow_degraded: bool = True
    constraints: Constraints = UNLIMITED

    @property
    def reachable(self) -> tuple[str, ...]:
        """The distinct names of all deployments that the policy or one of its rules lists."""
        if not self.rules:
            return self.deployments
        names = (*self.deployments, *(name for rule in self.rules for name in rule.deployments))
        return tuple(dict.fromkeys(names))

    def __post_init__(self) -> None:
        if not self.deployments:
            raise ValueError("a policy lists at least one deployment")
        if self.max_attempts < 1:
            raise ValueError("`max_attempts` counts the first attempt: at least 1")
