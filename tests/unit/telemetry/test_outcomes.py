"""How a call ended, as one word."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from llmrouter.v1 import errors_pb2
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.policies import Priority
from routersvc.domain.outcomes.errors import (
    AttemptsFailedError,
    AuthenticationUnavailableError,
    CallFailedError,
    DeadlineExceededError,
    DrainingError,
    FieldNotServedError,
    InvalidRequestError,
    MethodNotAllowedError,
    OverloadedError,
    PolicyNotAllowedError,
    RefusedError,
    RouterError,
    StreamBrokenError,
    TenantRateLimitedError,
    UnknownDecisionError,
    UnknownNameError,
    UnknownPolicyError,
    UnknownTenantError,
)
from routersvc.domain.outcomes.failure_rules import CallerOutcome, FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.domain.planning.candidates import Candidate
from routersvc.domain.planning.exclusion_reasons import Exclusion, ExclusionReason
from routersvc.domain.planning.planning_errors import (
    NoEligibleDeploymentError,
    TenantBudgetExhaustedError,
)
from routersvc.grpc_api.errors.statuses import status_of
from routersvc.telemetry.outcomes import CALLER_OUTCOMES, CallOutcome, outcome_of

FAILURE = Failure(failure_class=FailureClass.STALLED, message="nothing came")


def _leaves(error: type[RouterError]) -> set[type[RouterError]]:
    below = error.__subclasses__()
    leaves: set[type[RouterError]] = set()
    return leaves.union(*map(_leaves, below)) if below else {error}


def _no_eligible(deployment: Deployment, reason: ExclusionReason) -> NoEligibleDeploymentError:
    exclusion = Exclusion(reason=reason, description="it may not", eligible_if="it might")
    return NoEligibleDeploymentError([Candidate(deployment=deployment, exclusions=(exclusion,))])


@pytest.fixture
def errors(report: RouteReport) -> dict[type[RouterError], RouterError]:
    """Return one error of every class that a call can end with."""
    deployment = report.attempts[0].deployment
    every: list[RouterError] = [
        InvalidRequestError([]),
        UnknownTenantError(),
        AuthenticationUnavailableError(retry_after=1.0),
        MethodNotAllowedError("Complete"),
        PolicyNotAllowedError("p", ["q"]),
        TenantBudgetExhaustedError([], retry_after=None),
        TenantRateLimitedError(retry_after=1.0),
        UnknownPolicyError("p", ["q"]),
        UnknownNameError(field="f", name="n", known=[]),
        UnknownDecisionError(),
        FieldNotServedError("f"),
        _no_eligible(deployment, ExclusionReason.REGION),
        OverloadedError(priority=Priority.LOW, places=3, retry_after=1.0),
        DrainingError(),
        AttemptsFailedError(report=report, failure=FAILURE, retry_after=None),
        StreamBrokenError(report=report, failure=FAILURE),
        DeadlineExceededError(report=report),
    ]
    return {type(error): error for error in every}


def test_words_are_those_of_the_contract() -> None:
    """A dashboard and a client speak of the same thing with the same word."""
    descriptor = errors_pb2.DESCRIPTOR.enum_types_by_name["ErrorReason"]
    reasons = {value.name.removeprefix("ERROR_REASON_").lower() for value in descriptor.values}

    words = {outcome.value for outcome in CallOutcome} - {CallOutcome.SERVED.value}

    assert words <= reasons


def test_every_error_of_the_tree_has_an_outcome(
    errors: dict[type[RouterError], RouterError],
) -> None:
    """A new class of error must not be counted as a defect of the router."""
    leaves = _leaves(RefusedError) | _leaves(CallFailedError)

    outcomes = {kind: outcome_of(errors[kind]) for kind in leaves}

    assert CallOutcome.INTERNAL not in outcomes.values()


def test_every_last_word_has_an_outcome_of_its_own() -> None:
    """The words stay apart, so that a rate limit is not counted as an outage."""
    assert set(CALLER_OUTCOMES) == set(CallerOutcome)
    assert len(set(CALLER_OUTCOMES.values())) == len(CallerOutcome)


def test_outcome_is_the_reason_that_the_caller_receives(
    errors: dict[type[RouterError], RouterError], report: RouteReport
) -> None:
    """The reason that a caller reports is a label value of the metrics."""
    last_words = [
        AttemptsFailedError(
            report=report,
            failure=dataclasses.replace(FAILURE, failure_class=failure_class),
            retry_after=None,
        )
        for failure_class in FailureClass
    ]
    deployment = report.attempts[0].deployment
    exclusions = [_no_eligible(deployment, reason) for reason in ExclusionReason]
    every = [*errors.values(), *last_words, *exclusions, NoEligibleDeploymentError([])]

    words = [outcome_of(error).value for error in every]

    statuses = [status for error in every if (status := status_of(error)) is not None]
    names = [errors_pb2.ErrorReason.Name(status.reason) for status in statuses]
    assert words == [name.removeprefix("ERROR_REASON_").lower() for name in names]


def test_complete_answer_is_served() -> None:
    """No error is a success."""
    assert outcome_of(None) is CallOutcome.SERVED


@pytest.mark.parametrize("error", [asyncio.CancelledError(), GeneratorExit()])
def test_caller_that_goes_away_has_cancelled(error: BaseException) -> None:
    """Whichever way the server's framework says so."""
    assert outcome_of(error) is CallOutcome.CANCELLED


def test_unknown_error_is_internal() -> None:
    """An unexpected error counts as a defect."""
    assert outcome_of(ZeroDivisionError()) is CallOutcome.INTERNAL


def test_prompt_that_fits_nowhere_is_too_long(report: RouteReport) -> None:
    """The caller can mend a prompt, but not a constraint that excludes everything."""
    deployment = report.attempts[0].deployment

    outcome = outcome_of(_no_eligible(deployment, ExclusionReason.CONTEXT_WINDOW))

    assert outcome is CallOutcome.CONTEXT_LENGTH_EXCEEDED
