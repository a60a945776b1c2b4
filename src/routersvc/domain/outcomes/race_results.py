"""How a request ends that no attempt answered, and what the caller is told."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from routersvc.domain.outcomes.failure_rules import CallerOutcome, FailureClass
from routersvc.domain.outcomes.failures import Failure

BUDGET_SPENT = "extra attempts are refused: the retry budget is spent"
"""What errors and reports say where another deployment could have been tried."""

_NOTHING_FITS = Failure(
    failure_class=FailureClass.LOCAL_LIMIT, message="no deployment could be called now"
)
_HOPE = {outcome: place for place, outcome in enumerate(CallerOutcome)}


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RaceExhausted:
    """Nothing is left to try; `failure` is the one that decided, `retry_after` is seconds.

    `is_budget_spent` says that another deployment could have been tried, but for the budget for
    extra attempts.
    """

    failure: Failure
    retry_after: float | None
    is_budget_spent: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RaceBroken:
    """The answer broke after its first content and is not recovered.

    `is_budget_spent` as for `RaceExhausted`.
    """

    failure: Failure
    is_budget_spent: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class RaceDeadlinePassed:
    """The deadline passed."""


RaceResult = RaceExhausted | RaceBroken | RaceDeadlinePassed


def exhausted_result(
    failures: Sequence[Failure],
    decisive: Failure | None = None,
    *,
    waits: Sequence[float] = (),
    is_budget_spent: bool = False,
) -> RaceExhausted:
    """Return the result of a race in which nothing is left to try.

    The decisive failure is reported if there is one: it forbade another attempt. Otherwise the most
    hopeful failure is reported, because a later call may succeed if any of them may pass.
    `retry_after` is the shortest of `waits` and of the waits of `failures`, in seconds.
    """
    reported = decisive or min(
        failures, key=lambda failure: _HOPE[failure.rule.caller_outcome], default=_NOTHING_FITS
    )
    asked = [failure.retry_after for failure in failures if failure.retry_after is not None]
    return RaceExhausted(
        failure=reported,
        retry_after=min([*asked, *waits], default=None),
        is_budget_spent=is_budget_spent and decisive is None,
    )
