"""The failure table: total, without defaults, and as the documentation shows it."""

from __future__ import annotations

import dataclasses
import enum
from pathlib import Path

import pytest

from routersvc.domain.outcomes.failure_rules import (
    RULES,
    CallerOutcome,
    FailureClass,
    FailureRule,
    SameDeploymentRule,
)

DESIGN = Path(__file__).parents[4] / "docs/design.md"
COLUMNS = tuple(field.name for field in dataclasses.fields(FailureRule))
STATUSES = {
    CallerOutcome.UNAVAILABLE: "`UNAVAILABLE`",
    CallerOutcome.RATE_LIMITED: "`RESOURCE_EXHAUSTED`",
    CallerOutcome.LOCALLY_OVERLOADED: "`RESOURCE_EXHAUSTED`",
    CallerOutcome.BAD_ANSWER: "`UNAVAILABLE`",
    CallerOutcome.CONTEXT_LENGTH: "`INVALID_ARGUMENT`",
    CallerOutcome.CONTENT_FILTERED: "`FAILED_PRECONDITION`",
    CallerOutcome.REJECTED: "`INVALID_ARGUMENT`",
    CallerOutcome.MISCONFIGURED: "`FAILED_PRECONDITION`",
}


def classes_with(column: str) -> set[FailureClass]:
    """Return the classes that have a yes in a column."""
    return {failure_class for failure_class, rule in RULES.items() if getattr(rule, column)}


def documented(rule: FailureRule, column: str) -> str:
    """Return the cell of the documentation that shows a column of a rule."""
    value: object = getattr(rule, column)
    if isinstance(value, CallerOutcome):
        return STATUSES[value]
    if isinstance(value, enum.Enum):
        return "" if value.name == "NOTHING" else str(value.value).replace("_", " ")
    return "yes" if value else ""


def test_every_class_has_a_rule() -> None:
    """In the order of the classes, so that a row is found where its class stands."""
    assert list(RULES) == list(FailureClass)


@pytest.mark.parametrize("column", COLUMNS)
def test_rule_without_a_column_does_not_construct(column: str) -> None:
    """A new class needs an answer in every column: there are no defaults."""
    cells = {name: getattr(RULES[FailureClass.CONNECT], name) for name in COLUMNS}
    del cells[column]

    with pytest.raises(TypeError):
        FailureRule(**cells)


@pytest.mark.parametrize("same_deployment", SameDeploymentRule)
def test_only_delayed_retries_back_off(same_deployment: SameDeploymentRule) -> None:
    """The two columns answer one question together, so they cannot contradict each other."""
    rule = next(rule for rule in RULES.values() if rule.same_deployment is same_deployment)

    with pytest.raises(ValueError, match="retry_backs_off"):
        dataclasses.replace(rule, retry_backs_off=not rule.retry_backs_off)


def test_billed_are_failures_of_a_model_that_may_have_generated() -> None:
    """No vendor bills what it refused or could not begin."""
    assert classes_with("billed") == {
        FailureClass.CONTENT_FILTERED,
        FailureClass.BAD_ANSWER,
        FailureClass.FIRST_CONTENT_TIMEOUT,
        FailureClass.STALLED,
        FailureClass.TRUNCATED,
        FailureClass.ATTEMPT_TIMEOUT,
    }


def test_provider_may_have_begun_unless_it_refused_or_was_not_reached() -> None:
    """What may have begun is not repeated for requests with side effects."""
    assert set(FailureClass) - classes_with("may_have_begun") == {
        FailureClass.CONNECT,
        FailureClass.OVERLOADED,
        FailureClass.RATE_LIMITED,
        FailureClass.QUOTA_EXHAUSTED,
        FailureClass.AUTHENTICATION,
        FailureClass.PERMISSION,
        FailureClass.MODEL_NOT_FOUND,
        FailureClass.CAPABILITY_MISMATCH,
        FailureClass.CONTEXT_LENGTH,
        FailureClass.LOCAL_LIMIT,
    }


def test_limits_and_overloads_name_a_wait() -> None:
    """A quota names its reset; the others are also refusals for load."""
    for_load = {FailureClass.OVERLOADED, FailureClass.RATE_LIMITED}

    assert classes_with("refused_for_load") == for_load
    assert classes_with("may_name_wait") == for_load | {FailureClass.QUOTA_EXHAUSTED}


def test_free_check_clears_refused_credentials_only() -> None:
    """A model list shows nothing about quotas, permissions and single models."""
    assert classes_with("cleared_by_free_check") == {FailureClass.AUTHENTICATION}


def test_transient_are_the_failures_after_which_callers_may_retry() -> None:
    """They are told when."""
    assert {RULES[failure_class].caller_outcome for failure_class in classes_with("transient")} == {
        CallerOutcome.UNAVAILABLE,
        CallerOutcome.RATE_LIMITED,
        CallerOutcome.LOCALLY_OVERLOADED,
    }
    assert not any(
        rule.transient is not other.transient
        for rule in RULES.values()
        for other in RULES.values()
        if rule.caller_outcome is other.caller_outcome
    )


def test_documentation_shows_the_table() -> None:
    """Row by row and column by column."""
    section = DESIGN.read_text("utf-8").partition("## Failures")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    header, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]

    assert header == [
        "class",
        *(
            "status" if column == "caller_outcome" else column.replace("_", " ")
            for column in COLUMNS
        ),
    ]
    assert rows == [
        [
            failure_class.value.replace("_", " "),
            *(documented(rule, column) for column in COLUMNS),
        ]
        for failure_class, rule in RULES.items()
    ]
