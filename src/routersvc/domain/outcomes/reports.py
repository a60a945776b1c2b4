"""What became of one request: which model served it, why, and at what cost.

Holds no prompt and no answer. Times are seconds; `received_at` alone is wall-clock time
(seconds since the epoch), all others are lengths.
"""

from __future__ import annotations

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.conversation.usage import Usage
from routersvc.domain.outcomes.attempt_reports import AttemptCost, AttemptReport
from routersvc.domain.outcomes.degradations import Degradation
from routersvc.domain.values import Value


class Served(Value, frozen=True, kw_only=True):
    """What served an answer."""

    deployment: Deployment
    model_version: str = ""
    response_id: str = ""


class RouteReport(Value, frozen=True, kw_only=True):
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
    total_cost: AttemptCost | None = None
    time_to_first_content: float | None = None
    duration: float | None = None
