"""The right to run one attempt, and why it is refused."""

from __future__ import annotations

import dataclasses
import enum

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.fleet.breakers import BreakerLease
from routersvc.domain.fleet.concurrency import Ticket
from routersvc.domain.fleet.rate_limits import RateLimitMark
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.planning.plans import Plan
from routersvc.domain.values import Record


class Lease(Record, kw_only=True, eq=False):
    """The right to run one attempt on one deployment; settled exactly once.

    `request` identifies the request by its identity: its attempts together are one piece of
    evidence. `streaming` is the class of request whose latencies it counts for. `probes_gate` says
    that the attempt shows whether a provider that asked for a long pause still wants it, `repeats`
    that it repeats what a stale connection broke.
    """

    deployment: Deployment
    request: Plan
    streaming: bool
    started_at: float
    breaker: BreakerLease
    ticket: Ticket
    mark: RateLimitMark
    probes_gate: bool = False
    repeats: bool = False
    first_content_at: float | None = None
    settled: bool = False


class Obstacle(enum.Enum):
    """What keeps an attempt from starting."""

    CREDENTIAL_DISABLED = "credential_disabled"
    MODEL_DISABLED = "model_disabled"
    GATED = "gated"
    NO_HEADROOM = "no_headroom"
    BREAKER_OPEN = "breaker_open"
    UNREACHABLE = "unreachable"
    FULL = "full"
    BUDGET_SPENT = "budget_spent"


_FAILURE_CLASSES = {
    Obstacle.CREDENTIAL_DISABLED: FailureClass.PERMISSION,
    Obstacle.MODEL_DISABLED: FailureClass.MODEL_NOT_FOUND,
    Obstacle.GATED: FailureClass.RATE_LIMITED,
    Obstacle.NO_HEADROOM: FailureClass.RATE_LIMITED,
    Obstacle.BREAKER_OPEN: FailureClass.SERVER_ERROR,
    Obstacle.UNREACHABLE: FailureClass.CONNECT,
    Obstacle.FULL: FailureClass.LOCAL_LIMIT,
    Obstacle.BUDGET_SPENT: FailureClass.LOCAL_LIMIT,
}


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class LeaseRefusal:
    """Why an attempt may not start now; `wait` is seconds until it may, where that is known."""

    deployment: Deployment
    obstacle: Obstacle
    wait: float | None
    description: str

    @property
    def can_be_forced(self) -> bool:
        """Whether an attempt is better than none: the provider did not ask for a pause."""
        return self.obstacle in {
            Obstacle.BREAKER_OPEN,
            Obstacle.UNREACHABLE,
            Obstacle.NO_HEADROOM,
        }

    def failure(self) -> Failure:
        """Return the failure that the caller gets where every deployment refused."""
        return Failure(
            failure_class=_FAILURE_CLASSES[self.obstacle],
            message=f"`{self.deployment.name}` {self.description}",
            retry_after=self.wait,
        )
