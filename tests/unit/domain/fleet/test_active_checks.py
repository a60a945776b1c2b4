"""When deployments are asked whether they live, and what an answer is worth."""

from __future__ import annotations

import math

import pytest

from routersvc.domain.fleet.active_checks import CheckRecord, CheckResult, CheckRule
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure

NOBODY = CheckResult(
    failure=Failure(failure_class=FailureClass.CONNECT, message="refused"), duration=0.1
)


@pytest.mark.parametrize("field", ["interval", "idle_after", "timeout"])
def test_times_of_checks_are_above_nothing_and_end(field: str) -> None:
    """By their name; parts of a second are possible."""
    for value in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match=f"`{field}`.*{value}"):
            CheckRule(**{field: value})  # type: ignore[arg-type]

    assert getattr(CheckRule(**{field: 0.5}), field) == 0.5  # type: ignore[arg-type]


def test_what_a_call_has_shown_in_the_same_moment_counts_more_than_a_check() -> None:
    """A call was really served, or really failed."""
    record = CheckRecord()
    record.ended(NOBODY, 1.0)
    before = record.is_unreachable

    record.call_observed(1.0)

    assert before
    assert not record.is_unreachable
