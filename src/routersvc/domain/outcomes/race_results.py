"""Why a request's attempts came to nothing, in one word for the caller."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from routersvc.domain.outcomes.failures import Failure, FailureClass, LastWord

_NOTHING_FITS = Failure(
    failure_class=FailureClass.LOCAL_LIMIT, message="no deployment could be called now"
)
_HOPE = {word: place for place, word in enumerate(LastWord)}


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Exhausted:
    """Nothing is left to try; `failure` is the one that decided, `retry_after` is seconds."""

    failure: Failure
    last_word: LastWord
    retry_after: float | None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """The answer broke after its first content and is not recovered."""

    failure: Failure


@dataclasses.dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """The time is up."""


Verdict = Exhausted | Broken | DeadlinePassed


def exhausted(
    failures: Sequence[Failure], decisive: Failure | None = None, *, waits: Sequence[float] = ()
) -> Exhausted:
    """Return the verdict over `failures` when nothing is left to try.

    The decisive failure speaks, where one forbade going on; else the most hopeful of all last
    words, because a later call may succeed where any of them may pass. The shortest of `waits`
    and of the waits that failures carry, in seconds, is told.
    """
    speaking = decisive or min(
        failures, key=lambda failure: _HOPE[failure.rule.last_word], default=_NOTHING_FITS
    )
    asked = [failure.retry_after for failure in failures if failure.retry_after is not None]
    return Exhausted(
        failure=speaking,
        last_word=speaking.rule.last_word,
        retry_after=min([*asked, *waits], default=None),
    )
