"""Maps each error of the router to the status that its caller receives.

A provider's own status is never copied: its 401 is the operator's fault, not the caller's.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import assert_never

from grpc import StatusCode

from llmrouter.v1 import errors_pb2
from routersvc.domain.outcomes.errors import (
    AttemptsFailedError,
    AuthenticationUnavailableError,
    DeadlineExceededError,
    DrainingError,
    FieldNotServedError,
    FieldViolation,
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
from routersvc.domain.outcomes.failure_rules import CallerOutcome
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.domain.planning.candidates import Candidate
from routersvc.domain.planning.planning_errors import (
    NoEligibleDeploymentError,
    TenantBudgetExhaustedError,
)

DEFAULT_RETRY_AFTER = 1.0
"""Seconds until a retry where no other wait is known: the first open time of a breaker.

A caller that met a rate limit is told to wait at least so long.
"""


STATUS_CODES: Mapping[errors_pb2.ErrorReason.ValueType, StatusCode] = MappingProxyType(
    {
        errors_pb2.ERROR_REASON_INVALID_REQUEST: StatusCode.INVALID_ARGUMENT,
        errors_pb2.ERROR_REASON_UNKNOWN_POLICY: StatusCode.INVALID_ARGUMENT,
        errors_pb2.ERROR_REASON_UNKNOWN_NAME: StatusCode.INVALID_ARGUMENT,
        errors_pb2.ERROR_REASON_FIELD_NOT_SERVED: StatusCode.UNIMPLEMENTED,
        errors_pb2.ERROR_REASON_NO_ELIGIBLE_DEPLOYMENT: StatusCode.FAILED_PRECONDITION,
        errors_pb2.ERROR_REASON_CONTEXT_LENGTH_EXCEEDED: StatusCode.INVALID_ARGUMENT,
        errors_pb2.ERROR_REASON_REJECTED_BY_PROVIDER: StatusCode.INVALID_ARGUMENT,
        errors_pb2.ERROR_REASON_PROVIDERS_UNAVAILABLE: StatusCode.UNAVAILABLE,
        errors_pb2.ERROR_REASON_PROVIDERS_RATE_LIMITED: StatusCode.RESOURCE_EXHAUSTED,
        errors_pb2.ERROR_REASON_PROVIDER_MISCONFIGURED: StatusCode.FAILED_PRECONDITION,
        errors_pb2.ERROR_REASON_CONTENT_FILTERED: StatusCode.FAILED_PRECONDITION,
        errors_pb2.ERROR_REASON_STREAM_BROKEN: StatusCode.UNAVAILABLE,
        errors_pb2.ERROR_REASON_BAD_ANSWER: StatusCode.UNAVAILABLE,
        errors_pb2.ERROR_REASON_DEADLINE_EXCEEDED: StatusCode.DEADLINE_EXCEEDED,
        errors_pb2.ERROR_REASON_CANCELLED: StatusCode.CANCELLED,
        errors_pb2.ERROR_REASON_ROUTER_OVERLOADED: StatusCode.RESOURCE_EXHAUSTED,
        errors_pb2.ERROR_REASON_DRAINING: StatusCode.UNAVAILABLE,
        errors_pb2.ERROR_REASON_UNAUTHENTICATED: StatusCode.UNAUTHENTICATED,
        errors_pb2.ERROR_REASON_PERMISSION_DENIED: StatusCode.PERMISSION_DENIED,
        errors_pb2.ERROR_REASON_TENANT_BUDGET_EXHAUSTED: StatusCode.RESOURCE_EXHAUSTED,
        errors_pb2.ERROR_REASON_UNKNOWN_DECISION: StatusCode.NOT_FOUND,
        errors_pb2.ERROR_REASON_INTERNAL: StatusCode.INTERNAL,
        errors_pb2.ERROR_REASON_TENANT_RATE_LIMITED: StatusCode.RESOURCE_EXHAUSTED,
        errors_pb2.ERROR_REASON_AUTHENTICATION_UNAVAILABLE: StatusCode.UNAVAILABLE,
    }
)
"""The status code of each reason, as `errors.proto` states them."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ErrorStatus:
    """The status of an error. `retry_after` is seconds, set where a retry can help."""

    reason: errors_pb2.ErrorReason.ValueType
    message: str
    metadata: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    violations: tuple[FieldViolation, ...] = ()
    retry_after: float | None = None
    report: RouteReport | None = None

    @property
    def code(self) -> StatusCode:
        """The status code of the reason."""
        return STATUS_CODES[self.reason]


def status_of(error: RouterError) -> ErrorStatus | None:
    """Return the status of an error, `None` for an error without a mapping."""
    message = str(error)
    match error:
        case RefusedError():
            return _refused(error, message)
        case AttemptsFailedError():
            return _attempts_failed(error, message)
        case StreamBrokenError():
            return ErrorStatus(
                reason=errors_pb2.ERROR_REASON_STREAM_BROKEN,
                message=message,
                report=error.report,
            )
        case DeadlineExceededError():
            return ErrorStatus(
                reason=errors_pb2.ERROR_REASON_DEADLINE_EXCEEDED,
                message=message,
                report=error.report,
            )
        case _:
            return None


def unexpected_status(reference: str) -> ErrorStatus:
    """Return the status of an unexpected error; the log has its traceback under `reference`."""
    return ErrorStatus(
        reason=errors_pb2.ERROR_REASON_INTERNAL,
        message=f"unexpected error in the router; see reference `{reference}` in its log",
        metadata={"reference": reference},
    )


def _refused(error: RefusedError, message: str) -> ErrorStatus | None:
    match error:
        case InvalidRequestError():
            return ErrorStatus(
                reason=errors_pb2.ERROR_REASON_INVALID_REQUEST,
                message=message,
                violations=error.violations,
            )
        case UnknownTenantError():
            return ErrorStatus(reason=errors_pb2.ERROR_REASON_UNAUTHENTICATED, message=message)
        case AuthenticationUnavailableError():
            return ErrorStatus(
                reason=errors_pb2.ERROR_REASON_AUTHENTICATION_UNAVAILABLE,
                message=message,
                retry_after=error.retry_after,
            )
        case MethodNotAllowedError():
            return ErrorStatus(
                reason=errors_pb2.ERROR_REASON_PERMISSION_DENIED,
                message=message,
                metadata={"method": error.method},
            )
        case PolicyNotAllowedError():
            return ErrorStatus(
                reason=errors_pb2.ERROR_REASON_PERMISSION_DENIED,
                message=message,
                metadata={"policy": error.policy},
                violations=(
                    FieldViolation(field="routing.policy", description=_one_of(error.allowed)),
                ),
            )
        case UnknownPolicyError():
            return ErrorStatus(
                reason=errors_pb2.ERROR_REASON_UNKNOWN_POLICY,
                message=message + _did_you_mean(error.policy, error.known),
                metadata={"policy": error.policy},
                violations=(
                    FieldViolation(field="routing.policy", description=_one_of(error.known)),
                ),
            )
        case UnknownNameError():
            return ErrorStatus(
                reason=errors_pb2.ERROR_REASON_UNKNOWN_NAME,
                message=message + _did_you_mean(error.name, error.known),
                metadata={"field": error.field, "name": error.name},
                violations=(FieldViolation(field=error.field, description=_one_of(error.known)),),
            )
        case UnknownDecisionError():
            return ErrorStatus(reason=errors_pb2.ERROR_REASON_UNKNOWN_DECISION, message=message)
        case FieldNotServedError():
            return ErrorStatus(
                reason=errors_pb2.ERROR_REASON_FIELD_NOT_SERVED,
                message=message,
                metadata={"field": error.field},
            )
        case TenantBudgetExhaustedError():
            return ErrorStatus(
                reason=errors_pb2.ERROR_REASON_TENANT_BUDGET_EXHAUSTED,
                message=message,
                metadata={"exclusions": _exclusions_text(error.candidates)},
                retry_after=error.retry_after,
            )
        case TenantRateLimitedError():
            return ErrorStatus(
                reason=errors_pb2.ERROR_REASON_TENANT_RATE_LIMITED,
                message=message,
                metadata={"limit": error.limit.value},
                retry_after=error.retry_after,
            )
        case NoEligibleDeploymentError():
            return _no_eligible_deployment(error, message)
        case OverloadedError():
            return ErrorStatus(
                reason=errors_pb2.ERROR_REASON_ROUTER_OVERLOADED,
                message=message,
                retry_after=error.retry_after,
            )
        case DrainingError():
            return ErrorStatus(
                reason=errors_pb2.ERROR_REASON_DRAINING,
                message=message,
                # Another replica can serve at once.
                retry_after=0.0,
            )
        case _:
            return None


_COMPARED_NAMES = 200
_COMPARED_CHARACTERS = 64
"""So many names and characters are compared at most, which takes two milliseconds."""


def _did_you_mean(name: str, known: tuple[str, ...]) -> str:
    """Return a suggestion of the known name closest to `name`, empty if none is close."""
    by_folded = {each.casefold(): each for each in known[:_COMPARED_NAMES]}
    asked = name[:_COMPARED_CHARACTERS].casefold()
    near = difflib.get_close_matches(asked, by_folded, n=1)
    return f"; did you mean `{by_folded[near[0]]}`?" if near else ""


def _one_of(known: tuple[str, ...]) -> str:
    return f"must be one of: {', '.join(known)}" if known else "unknown name"


def _no_eligible_deployment(error: NoEligibleDeploymentError, message: str) -> ErrorStatus:
    if error.candidates and error.only_context_window:
        return ErrorStatus(reason=errors_pb2.ERROR_REASON_CONTEXT_LENGTH_EXCEEDED, message=message)
    return ErrorStatus(
        reason=errors_pb2.ERROR_REASON_NO_ELIGIBLE_DEPLOYMENT,
        message=message,
        metadata={"exclusions": _exclusions_text(error.candidates)},
    )


def _exclusions_text(candidates: Iterable[Candidate]) -> str:
    return "; ".join(
        f"{candidate.deployment.name}="
        + ",".join(exclusion.reason.name for exclusion in candidate.exclusions)
        for candidate in candidates
    )


def _attempts_failed(error: AttemptsFailedError, message: str) -> ErrorStatus:
    reason = _reason_of(error.caller_outcome)
    retry_after = DEFAULT_RETRY_AFTER if error.retry_after is None else error.retry_after
    if error.caller_outcome is CallerOutcome.RATE_LIMITED:
        retry_after = max(retry_after, DEFAULT_RETRY_AFTER)
    return ErrorStatus(
        reason=reason,
        message=message,
        metadata={"failure_class": error.failure.failure_class.name},
        retry_after=retry_after if error.failure.rule.transient else None,
        report=error.report,
    )


def _reason_of(caller_outcome: CallerOutcome) -> errors_pb2.ErrorReason.ValueType:
    match caller_outcome:
        case CallerOutcome.UNAVAILABLE:
            return errors_pb2.ERROR_REASON_PROVIDERS_UNAVAILABLE
        case CallerOutcome.RATE_LIMITED:
            return errors_pb2.ERROR_REASON_PROVIDERS_RATE_LIMITED
        case CallerOutcome.LOCALLY_OVERLOADED:
            return errors_pb2.ERROR_REASON_ROUTER_OVERLOADED
        case CallerOutcome.BAD_ANSWER:
            return errors_pb2.ERROR_REASON_BAD_ANSWER
        case CallerOutcome.CONTEXT_LENGTH:
            return errors_pb2.ERROR_REASON_CONTEXT_LENGTH_EXCEEDED
        case CallerOutcome.CONTENT_FILTERED:
            return errors_pb2.ERROR_REASON_CONTENT_FILTERED
        case CallerOutcome.REJECTED:
            return errors_pb2.ERROR_REASON_REJECTED_BY_PROVIDER
        case CallerOutcome.MISCONFIGURED:
            return errors_pb2.ERROR_REASON_PROVIDER_MISCONFIGURED
        case _:
            assert_never(caller_outcome)
