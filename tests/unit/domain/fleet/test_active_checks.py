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


def test_answer_in_the_same_moment_counts_more_than_a_check() -> None:
    """A call was really served."""
    record = CheckRecord()
    record.ended(NOBODY, 1.0)
    before = record.is_unreachable

    record.call_answered(1.0)

    assert before
    assert not record.is_unreachable


def test_failed_call_confirms_a_failed_check() -> None:
    """It is no answer; checks pause all the same, for calls tell more."""
    record = CheckRecord(CheckRule(idle_after=30.0))
    record.ended(NOBODY, 1.0)

    record.call_failed(2.0)

    assert record.is_unreachable
    assert not record.is_idle(31.9)


def test_refusal_for_load_is_an_answer() -> None:
    """The provider is there."""
    busy = Failure(failure_class=FailureClass.OVERLOADED, message="status 503")

    assert not CheckResult(failure=busy, duration=0.1).is_unreachable
