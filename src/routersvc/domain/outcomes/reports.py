"""What became of one request: which model served it, why, and at what cost.

Holds no prompt and no answer. Times are seconds; `received_at` alone is wall-clock time
(seconds since the epoch), all others are lengths.
"""

from __future__ import annotations

import dataclasses
import enum

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.conversation.answers import Usage
from routersvc.domain.outcomes.failures import Failure


class AttemptReason(enum.Enum):
    """Why an attempt was made."""

    FIRST = "first"
    FAILOVER = "failover"
    HEDGE = "hedge"
    RETRY = "retry"
    RECOVERY = "recovery"
    RESCUE = "rescue"


class AttemptOutcome(enum.Enum):
    """How an attempt ended."""

    RUNNING = "running"
    SERVED = "served"
    FAILED = "failed"
    LOST = "lost"
    CANCELLED = "cancelled"
    BROKEN = "broken"
    REFUSED_LOCALLY = "refused_locally"


class DegradationRung(enum.Enum):
    """A lower rung that may answer when nothing better does."""

    LOWER_TIER = "lower_tier"
    CACHED = "cached"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Degradation:
    """Why and how a lower rung answered."""

    rung: DegradationRung
    description: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """US dollars at catalogue prices; `wasted_usd` is the part that bought nothing."""

    usd: float
    wasted_usd: float = 0.0
    estimated: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class AttemptReport:
    """What became of one call of one deployment.

    `start_delay` counts from the arrival of the request, `time_to_first_content` and `duration`
    from the attempt's own start. `caused_by` is the number of the attempt whose failure
    or lateness caused this one, 0 for the first.
    """

    number: int
    deployment: Deployment
    reason: AttemptReason
    outcome: AttemptOutcome
    caused_by: int
    start_delay: float
    failure: Failure | None = None
    time_to_first_content: float | None = None
    duration: float | None = None
    usage: Usage = Usage()
    cost: Cost | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """What served an answer."""

    deployment: Deployment
    model_version: str = ""
    response_id: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RouteReport:
    """What became of one request so far."""

    decision_id: str
    policy: str
    tenant: str
    received_at: float
    planning_duration: float
    attempts: tuple[AttemptReport, ...] = ()
    served: Served | None = None
    hedged: bool = False
    recovered: bool = False
    degradation: Degradation | None = None
    total_usage: Usage = Usage()
    total_cost: Cost | None = None
    time_to_first_content: float | None = None
    duration: float | None = None
