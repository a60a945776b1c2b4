"""How a caller hears of each error: status code, reason, and what helps to do better.

The statuses of `protos/llmrouter/v1/errors.proto` stand here once. A provider's own status is never
copied: its 401 is the operator's fault, not the caller's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import assert_never

from grpc import StatusCode

from llmrouter.v1 import errors_pb2
from routersvc.domain.outcomes.errors import (
    AttemptsFailedError,
    DeadlineExceededError,
    DrainingError,
    FieldNotServedError,
    FieldViolation,
    InvalidRequestError,
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
from routersvc.domain.outcomes.failure_rules import (
    CallerOutcome,
)
from routersvc.domain.outcomes.reports import (
    RouteReport,
)
from routersvc.domain.planning.candidates import (
    Candidate,
)
from routersvc.domain.planning.planning_errors import (
    NoEligibleDeploymentError,
    TenantBudgetExhaustedError,
)

DEFAULT_RETRY_AFTER = 1.0
"""Seconds after which a retry can help where nobody said when: an open breaker's first pause."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ErrorStatus:
    """What a caller is told of an error. `retry_after` is seconds, set where a retry can help."""

    code: StatusCode
    reason: errors_pb2.ErrorReason.ValueType
    message: str
    metadata: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    violations: tuple[FieldViolation, ...] = ()
    retry_after: float | None = None
    report: RouteReport | None = None


def status_of(error: RouterError) -> ErrorStatus | None:
    """Return how the caller hears of an error, `None` for one that no rule is known for."""
    message = str(error)
    match error:
        case RefusedError():
            return _refused(error, message)
        case AttemptsFailedError():
            return _attempts_failed(error, message)
        case StreamBrokenError():
            return ErrorStatus(
                code=StatusCode.UNAVAILABLE,
                reason=errors_pb2.ERROR_REASON_STREAM_BROKEN,
                message=message,
                report=error.report,
            )
        case DeadlineExceededError():
            return ErrorStatus(
                code=StatusCode.DEADLINE_EXCEEDED,
                reason=errors_pb2.ERROR_REASON_DEADLINE_EXCEEDED,
                message=message,
                report=error.report,
            )
        case _:
            return None


def unexpected_status(reference: str) -> ErrorStatus:
    """Return how a caller hears of a defect: only where the log says more."""
    return ErrorStatus(
        code=StatusCode.INTERNAL,
        reason=errors_pb2.ERROR_REASON_INTERNAL,
        message=f"the router failed; its log says more under the reference `{reference}`",
        metadata={"reference": reference},
    )


def _refused(error: RefusedError, message: str) -> ErrorStatus | None:
    match error:
        case InvalidRequestError():
            return ErrorStatus(
                code=StatusCode.INVALID_ARGUMENT,
                reason=errors_pb2.ERROR_REASON_INVALID_REQUEST,
                message=message,
                violations=error.violations,
            )
        case UnknownTenantError():
            return ErrorStatus(
                code=StatusCode.UNAUTHENTICATED,
                reason=errors_pb2.ERROR_REASON_UNAUTHENTICATED,
                message=message,
            )
        case PolicyNotAllowedError():
            return ErrorStatus(
                code=StatusCode.PERMISSION_DENIED,
                reason=errors_pb2.ERROR_REASON_PERMISSION_DENIED,
                message=message,
                metadata={"policy": error.policy},
                violations=(
                    FieldViolation(field="routing.policy", description=_one_of(error.allowed)),
                ),
            )
        case UnknownPolicyError():
            return ErrorStatus(
                code=StatusCode.INVALID_ARGUMENT,
                reason=errors_pb2.ERROR_REASON_UNKNOWN_POLICY,
                message=message,
                metadata={"policy": error.policy},
                violations=(
                    FieldViolation(field="routing.policy", description=_one_of(error.known)),
                ),
            )
        case UnknownNameError():
            return ErrorStatus(
                code=StatusCode.INVALID_ARGUMENT,
                reason=errors_pb2.ERROR_REASON_UNKNOWN_NAME,
                message=message,
                metadata={"field": error.field, "name": error.name},
                violations=(FieldViolation(field=error.field, description=_one_of(error.known)),),
            )
        case UnknownDecisionError():
            return ErrorStatus(
                code=StatusCode.NOT_FOUND,
                reason=errors_pb2.ERROR_REASON_UNKNOWN_DECISION,
                message=message,
            )
        case FieldNotServedError():
            return ErrorStatus(
                code=StatusCode.UNIMPLEMENTED,
                reason=errors_pb2.ERROR_REASON_FIELD_NOT_SERVED,
                message=message,
                metadata={"field": error.field},
            )
        case TenantBudgetExhaustedError():
            return ErrorStatus(
                code=StatusCode.RESOURCE_EXHAUSTED,
                reason=errors_pb2.ERROR_REASON_TENANT_BUDGET_EXHAUSTED,
                message=message,
                metadata={"exclusions": _exclusions_text(error.candidates)},
                retry_after=error.retry_after,
            )
        case TenantRateLimitedError():
            return ErrorStatus(
                code=StatusCode.RESOURCE_EXHAUSTED,
                reason=errors_pb2.ERROR_REASON_TENANT_RATE_LIMITED,
                message=message,
                retry_after=error.retry_after,
            )
        case NoEligibleDeploymentError():
            return _no_eligible_deployment(error, message)
        case OverloadedError():
            return ErrorStatus(
                code=StatusCode.RESOURCE_EXHAUSTED,
                reason=errors_pb2.ERROR_REASON_ROUTER_OVERLOADED,
                message=message,
                retry_after=error.retry_after,
            )
        case DrainingError():
            return ErrorStatus(
                code=StatusCode.UNAVAILABLE,
                reason=errors_pb2.ERROR_REASON_DRAINING,
                message=message,
                # Another replica can serve at once.
                retry_after=0.0,
            )
        case _:
            return None


def _one_of(known: tuple[str, ...]) -> str:
    return f"must be one of: {', '.join(known)}" if known else "names what does not exist"


def _no_eligible_deployment(error: NoEligibleDeploymentError, message: str) -> ErrorStatus:
    if error.candidates and error.only_context_window:
        return ErrorStatus(
            code=StatusCode.INVALID_ARGUMENT,
            reason=errors_pb2.ERROR_REASON_CONTEXT_LENGTH_EXCEEDED,
            message=message,
        )
    return ErrorStatus(
        code=StatusCode.FAILED_PRECONDITION,
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
    code, reason = _caller_outcome(error.caller_outcome)
    retry_after = DEFAULT_RETRY_AFTER if error.retry_after is None else error.retry_after
    return ErrorStatus(
        code=code,
        reason=reason,
        message=message,
        metadata={"failure_class": error.failure.failure_class.name},
        retry_after=retry_after if error.failure.rule.transient else None,
        report=error.report,
    )


def _caller_outcome(
    caller_outcome: CallerOutcome,
) -> tuple[StatusCode, errors_pb2.ErrorReason.ValueType]:
    match caller_outcome:
        case CallerOutcome.UNAVAILABLE:
            return StatusCode.UNAVAILABLE, errors_pb2.ERROR_REASON_PROVIDERS_UNAVAILABLE
        case CallerOutcome.RATE_LIMITED:
            return StatusCode.RESOURCE_EXHAUSTED, errors_pb2.ERROR_REASON_PROVIDERS_RATE_LIMITED
        case CallerOutcome.LOCALLY_OVERLOADED:
            return StatusCode.RESOURCE_EXHAUSTED, errors_pb2.ERROR_REASON_ROUTER_OVERLOADED
        case CallerOutcome.BAD_ANSWER:
            return StatusCode.UNAVAILABLE, errors_pb2.ERROR_REASON_BAD_ANSWER
        case CallerOutcome.CONTEXT_LENGTH:
            return StatusCode.INVALID_ARGUMENT, errors_pb2.ERROR_REASON_CONTEXT_LENGTH_EXCEEDED
        case CallerOutcome.CONTENT_FILTERED:
            return StatusCode.FAILED_PRECONDITION, errors_pb2.ERROR_REASON_CONTENT_FILTERED
        case CallerOutcome.REJECTED:
            return StatusCode.INVALID_ARGUMENT, errors_pb2.ERROR_REASON_REJECTED_BY_PROVIDER
        case CallerOutcome.MISCONFIGURED:
            return StatusCode.FAILED_PRECONDITION, errors_pb2.ERROR_REASON_PROVIDER_MISCONFIGURED
        case _:
            assert_never(caller_outcome)
