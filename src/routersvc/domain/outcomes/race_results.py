"""Why a request's attempts came to nothing, in one word for the caller."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from routersvc.domain.outcomes.failure_rules import (
    CallerOutcome,
    FailureClass,
)
from routersvc.domain.outcomes.failures import (
    Failure,
)

_NOTHING_FITS = Failure(
    failure_class=FailureClass.LOCAL_LIMIT, message="no deployment could be called now"
)
_HOPE = {word: place for place, word in enumerate(CallerOutcome)}


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RaceExhausted:
    """Nothing is left to try; `failure` is the one that decided, `retry_after` is seconds."""

    failure: Failure
    caller_outcome: CallerOutcome
    retry_after: float | None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RaceBroken:
    """The answer broke after its first content and is not recovered."""

    failure: Failure


@dataclasses.dataclass(frozen=True, slots=True)
class RaceDeadlinePassed:
    """The time is up."""


RaceResult = RaceExhausted | RaceBroken | RaceDeadlinePassed


def exhausted(
    failures: Sequence[Failure], decisive: Failure | None = None, *, waits: Sequence[float] = ()
) -> RaceExhausted:
    """Return the verdict over `failures` when nothing is left to try.

    The decisive failure speaks, where one forbade going on; else the most hopeful of all last
    words, because a later call may succeed where any of them may pass. The shortest of `waits`
    and of the waits that failures carry, in seconds, is told.
    """
    speaking = decisive or min(
        failures, key=lambda failure: _HOPE[failure.rule.caller_outcome], default=_NOTHING_FITS
    )
    asked = [failure.retry_after for failure in failures if failure.retry_after is not None]
    return RaceExhausted(
        failure=speaking,
        caller_outcome=speaking.rule.caller_outcome,
        retry_after=min([*asked, *waits], default=None),
    )
