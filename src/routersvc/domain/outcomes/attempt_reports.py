"""The report of one attempt."""

from __future__ import annotations

import enum

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.conversation.proofs import LeftOut
from routersvc.domain.conversation.usage import Usage
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.values import Value


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


class AttemptCost(Value, frozen=True, kw_only=True):
    """US dollars at catalogue prices; `wasted_usd` is the part that the answer does not contain."""

    usd: float
    wasted_usd: float = 0.0
    estimated: bool = False


class AttemptReport(Value, frozen=True, kw_only=True):
    """The report of one call of one deployment.

    `start_delay` counts from the arrival of the request, `time_to_first_content` and `duration`
    from the attempt's own start. `caused_by` is the number of the attempt that failed or was
    late and so caused this one, 0 for the first. `left_out` is what of the
    conversation was not sent.
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
    cost: AttemptCost | None = None
    left_out: tuple[LeftOut, ...] = ()
