"""One error of the router for each reason that callers can receive, as its real status."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from google.rpc.status_pb2 import Status

from llmrouter.v1 import errors_pb2
from routersvc.domain.catalogue.policies import Priority
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason, AttemptReport
from routersvc.domain.outcomes.errors import (
    AttemptsFailedError,
    AuthenticationUnavailableError,
    DeadlineExceededError,
    DrainingError,
    FieldNotServedError,
    FieldViolation,
    InvalidRequestError,
    OverloadedError,
    PolicyNotAllowedError,
    RouterError,
    StreamBrokenError,
    TenantRateLimitedError,
    UnknownDecisionError,
    UnknownNameError,
    UnknownPolicyError,
    UnknownTenantError,
)
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.domain.planning.candidates import Candidate
from routersvc.domain.planning.exclusion_reasons import Exclusion, ExclusionReason
from routersvc.domain.planning.planning_errors import (
    NoEligibleDeploymentError,
    TenantBudgetExhaustedError,
)
from routersvc.grpc_api.errors.status_details import DETAILS_KEY, encoded_status
from routersvc.grpc_api.errors.statuses import ErrorStatus, status_of, unexpected_status
from routersvc.testing.worlds import scripted_deployment

NEVER_RECEIVED = frozenset({errors_pb2.ERROR_REASON_UNSPECIFIED, errors_pb2.ERROR_REASON_CANCELLED})
"""Reasons without an example: whoever cancelled a call receives nothing any more."""

_FAILURES = {
    FailureClass.SERVER_ERROR: "the provider failed (status 503)",
    FailureClass.RATE_LIMITED: "rate limit of the provider (status 429)",
    FailureClass.INVALID_REQUEST: "the provider rejected the request (status 400)",
    FailureClass.AUTHENTICATION: "the provider refused the credential (status 401)",
    FailureClass.CONTENT_FILTERED: "the provider's content filter refused the request",
    FailureClass.BAD_ANSWER: "the answer was empty",
}
"""The classes whose outcomes for callers are the reasons about providers."""


def example_statuses() -> Mapping[errors_pb2.ErrorReason.ValueType, Status]:
    """Return the status of an example by its reason, as a caller receives it."""
    found: dict[errors_pb2.ErrorReason.ValueType, Status] = {}
    for error in _errors():
        status = status_of(error)
        if status is None:
            raise AssertionError(f"{type(error).__name__} has no status")
        found.setdefault(status.reason, _sent(status))
    unexpected = unexpected_status("7c1f0a2e")
    return found | {unexpected.reason: _sent(unexpected)}


def _errors() -> Iterator[RouterError]:
    yield InvalidRequestError([FieldViolation(field="prompt.messages", description="must be set")])
    yield UnknownPolicyError("fats", ["cheap", "fast"])
    yield UnknownNameError(field="routing.required_models", name="gtp-5", known=["gpt-5"])
    yield FieldNotServedError("routing.session_id")
    yield NoEligibleDeploymentError([_excluded(ExclusionReason.REGION)])
    yield NoEligibleDeploymentError([_excluded(ExclusionReason.CONTEXT_WINDOW)])
    for failure_class, message in _FAILURES.items():
        failure = Failure(failure_class=failure_class, message=message)
        yield AttemptsFailedError(report=_report(failure), failure=failure, retry_after=None)
    broken = Failure(failure_class=FailureClass.SERVER_ERROR, message="the connection was reset")
    yield StreamBrokenError(report=_report(broken), failure=broken)
    yield DeadlineExceededError(report=_report(broken))
    yield OverloadedError(priority=Priority.LOW, places=750, retry_after=1.5)
    yield DrainingError()
    yield UnknownTenantError()
    yield AuthenticationUnavailableError(retry_after=2.0)
    yield PolicyNotAllowedError("fast", ["cheap"])
    yield TenantBudgetExhaustedError([_excluded(ExclusionReason.TENANT_BUDGET)], retry_after=90.0)
    yield TenantRateLimitedError(retry_after=2.0)
    yield UnknownDecisionError()


def _excluded(reason: ExclusionReason) -> Candidate:
    exclusion = Exclusion(reason=reason, description="excluded", eligible_if="it changed")
    return Candidate(deployment=scripted_deployment("openai-large"), exclusions=(exclusion,))


def _report(failure: Failure) -> RouteReport:
    attempt = AttemptReport(
        number=1,
        deployment=scripted_deployment("openai-large", provider="openai"),
        reason=AttemptReason.FIRST,
        outcome=AttemptOutcome.FAILED,
        caused_by=0,
        start_delay=0.0,
        failure=failure,
    )
    return RouteReport(
        decision_id="5b0c6a1e9f3d4c27",
        policy="default",
        tenant="",
        received_at=0.0,
        planning_duration=0.0,
        attempts=(attempt,),
    )


def _sent(status: ErrorStatus) -> Status:
    # The report is described at its own place, and too long for an example.
    _, trailers = encoded_status(dataclasses.replace(status, report=None))
    details = dict(trailers)[DETAILS_KEY]
    if isinstance(details, str):
        raise TypeError("details are bytes")
    return Status.FromString(details)
