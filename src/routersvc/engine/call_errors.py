"""The error of a call that no attempt answered."""

from __future__ import annotations

from typing import assert_never

from routersvc.domain.outcomes.errors import (
    AttemptsFailedError,
    CallFailedError,
    DeadlineExceededError,
    StreamBrokenError,
)
from routersvc.domain.outcomes.race_results import (
    RaceBroken,
    RaceDeadlinePassed,
    RaceExhausted,
    RaceResult,
)
from routersvc.domain.outcomes.reports import RouteReport


def call_error(result: RaceResult, report: RouteReport) -> CallFailedError:
    """Return the error that the result of a race becomes; `report` is final."""
    match result:
        case RaceExhausted():
            return AttemptsFailedError(
                report=report,
                failure=result.failure,
                retry_after=result.retry_after,
                is_budget_spent=result.is_budget_spent,
            )
        case RaceBroken():
            return StreamBrokenError(
                report=report, failure=result.failure, is_budget_spent=result.is_budget_spent
            )
        case RaceDeadlinePassed():
            return DeadlineExceededError(report=report)
        case _:
            assert_never(result)
