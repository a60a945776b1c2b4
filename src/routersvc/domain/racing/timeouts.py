"""When a running attempt times out, and with which failure."""

from __future__ import annotations

from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.planning.plans import Plan
from routersvc.domain.racing.attempts import Attempt


def due_at(attempt: Attempt, plan: Plan) -> float:
    """Return the instant at which a running attempt times out."""
    timeouts = plan.timeouts
    whole = attempt.started_at + timeouts.attempt
    if attempt.idle_since is not None:
        return min(whole, attempt.idle_since + timeouts.idle)
    if plan.streaming:
        return min(whole, attempt.started_at + timeouts.first_content)
    return whole


def timeout_failure(attempt: Attempt, plan: Plan) -> Failure:
    """Return the failure of an attempt that timed out."""
    timeouts = plan.timeouts
    if attempt.idle_since is None:
        if plan.streaming:
            return Failure(
                failure_class=FailureClass.FIRST_CONTENT_TIMEOUT,
                message=f"no first content arrived within {timeouts.first_content:g} s",
            )
    elif attempt.idle_since + timeouts.idle <= attempt.started_at + timeouts.attempt:
        return Failure(
            failure_class=FailureClass.STALLED,
            message=f"no further content arrived within {timeouts.idle:g} s",
        )
    return Failure(
        failure_class=FailureClass.ATTEMPT_TIMEOUT,
        message=f"the attempt did not end within {timeouts.attempt:g} s",
    )
