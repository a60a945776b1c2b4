"""The health of deployments, as operators see it. Ages and delays are seconds."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.conversation.rate_limit_headroom import RateLimitHeadroom
from routersvc.domain.fleet.breaker_health import BreakerHealth, BreakerState
from routersvc.domain.outcomes.failure_rules import FailureClass


class HealthState(enum.Enum):
    """The health of a deployment in one word."""

    UNKNOWN = "unknown"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNAVAILABLE = "unavailable"
    DISABLED = "disabled"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Quantiles:
    """Quantiles of a time in seconds, over `samples` samples."""

    p50: float
    p90: float
    p95: float
    p99: float
    samples: int


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class HealthCheckResult:
    """The last active check: how long ago it ended, whether it succeeded, how long it took."""

    age: float
    succeeded: bool
    duration: float


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class DeploymentHealth:
    """The health of one deployment. `None` where nothing is known.

    `is_part_of_outage` says that a failover to it is charged to the budgets. `overdue_total` counts
    the cancelled attempts that count as slow calls.
    """

    deployment: Deployment
    state: HealthState
    breaker: BreakerHealth
    success_rate: float | None
    outcomes: int
    window: float
    time_to_first_content: Quantiles | None
    duration: Quantiles | None
    output_tokens_per_second: float | None
    in_flight: int
    concurrency_limit: int | None
    queued: int
    headroom: RateLimitHeadroom | None
    headroom_age: float | None
    not_before_delay: float | None
    last_failure: FailureClass | None
    last_failure_age: float | None
    last_probe: HealthCheckResult | None
    attempts_total: int
    served_total: int
    cancelled_total: int
    failures_total: Mapping[FailureClass, int]
    disabled_description: str = ""
    is_part_of_outage: bool = False
    overdue_total: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Availability:
    """What keeps calls away from one deployment, for gauges.

    `pause` is what is left of a provider's pause. `concurrency_limit` is `None` without a limit,
    `headroom` is `None` if the provider has not reported its rate limits.
    """

    deployment: Deployment
    state: HealthState
    breaker: BreakerState
    is_disabled: bool
    is_check_failing: bool
    pause: float
    queued: int = 0
    concurrency_limit: int | None = None
    headroom: RateLimitHeadroom | None = None
