"""The outcome of a call, for metrics, spans and logs.

The values are those of the contract's `ErrorReason` in lower case, and `served` for a complete
answer.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.outcomes.errors import (
    AttemptsFailedError,
    AuthenticationUnavailableError,
    DeadlineExceededError,
    DrainingError,
    FieldNotServedError,
    InvalidRequestError,
    MethodNotAllowedError,
    OverloadedError,
    PolicyNotAllowedError,
    StreamBrokenError,
    TenantRateLimitedError,
    UnknownDecisionError,
    UnknownNameError,
    UnknownPolicyError,
    UnknownTenantError,
)
from routersvc.domain.outcomes.failure_rules import CallerOutcome
from routersvc.domain.planning.planning_errors import (
    NoEligibleDeploymentError,
    TenantBudgetExhaustedError,
)


class CallOutcome(enum.Enum):
    """The outcome of a call."""

    SERVED = "served"
    INVALID_REQUEST = "invalid_request"
    UNAUTHENTICATED = "unauthenticated"
    AUTHENTICATION_UNAVAILABLE = "authentication_unavailable"
    PERMISSION_DENIED = "permission_denied"
    TENANT_BUDGET_EXHAUSTED = "tenant_budget_exhausted"
    TENANT_RATE_LIMITED = "tenant_rate_limited"
    UNKNOWN_POLICY = "unknown_policy"
    UNKNOWN_NAME = "unknown_name"
    UNKNOWN_DECISION = "unknown_decision"
    FIELD_NOT_SERVED = "field_not_served"
    NO_ELIGIBLE_DEPLOYMENT = "no_eligible_deployment"
    CONTEXT_LENGTH_EXCEEDED = "context_length_exceeded"
    REJECTED_BY_PROVIDER = "rejected_by_provider"
    PROVIDERS_UNAVAILABLE = "providers_unavailable"
    PROVIDERS_RATE_LIMITED = "providers_rate_limited"
    PROVIDER_MISCONFIGURED = "provider_misconfigured"
    CONTENT_FILTERED = "content_filtered"
    STREAM_BROKEN = "stream_broken"
    BAD_ANSWER = "bad_answer"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    CANCELLED = "cancelled"
    ROUTER_OVERLOADED = "router_overloaded"
    DRAINING = "draining"
    INTERNAL = "internal"


NOT_THE_SERVICE = frozenset(
    {
        CallOutcome.SERVED,
        CallOutcome.INVALID_REQUEST,
        CallOutcome.UNAUTHENTICATED,
        CallOutcome.PERMISSION_DENIED,
        CallOutcome.TENANT_BUDGET_EXHAUSTED,
        CallOutcome.TENANT_RATE_LIMITED,
        CallOutcome.UNKNOWN_POLICY,
        CallOutcome.UNKNOWN_NAME,
        CallOutcome.UNKNOWN_DECISION,
        CallOutcome.FIELD_NOT_SERVED,
        CallOutcome.NO_ELIGIBLE_DEPLOYMENT,
        CallOutcome.CONTEXT_LENGTH_EXCEEDED,
        CallOutcome.REJECTED_BY_PROVIDER,
        CallOutcome.CONTENT_FILTERED,
        CallOutcome.CANCELLED,
        CallOutcome.DRAINING,
    }
)
"""Outcomes without a fault of the service or a provider: logged at level info."""

REJECTIONS = (
    CallOutcome.INVALID_REQUEST,
    CallOutcome.UNAUTHENTICATED,
    CallOutcome.PERMISSION_DENIED,
    CallOutcome.TENANT_BUDGET_EXHAUSTED,
    CallOutcome.TENANT_RATE_LIMITED,
    CallOutcome.NO_ELIGIBLE_DEPLOYMENT,
    CallOutcome.ROUTER_OVERLOADED,
    CallOutcome.DRAINING,
)
"""Outcomes of rejected calls whose series exist before the first of them."""

CALLER_OUTCOMES: Mapping[CallerOutcome, CallOutcome] = MappingProxyType(
    {
        CallerOutcome.UNAVAILABLE: CallOutcome.PROVIDERS_UNAVAILABLE,
        CallerOutcome.RATE_LIMITED: CallOutcome.PROVIDERS_RATE_LIMITED,
        CallerOutcome.LOCALLY_OVERLOADED: CallOutcome.ROUTER_OVERLOADED,
        CallerOutcome.BAD_ANSWER: CallOutcome.BAD_ANSWER,
        CallerOutcome.CONTEXT_LENGTH: CallOutcome.CONTEXT_LENGTH_EXCEEDED,
        CallerOutcome.CONTENT_FILTERED: CallOutcome.CONTENT_FILTERED,
        CallerOutcome.REJECTED: CallOutcome.REJECTED_BY_PROVIDER,
        CallerOutcome.MISCONFIGURED: CallOutcome.PROVIDER_MISCONFIGURED,
    }
)

ERRORS: Mapping[type[BaseException], CallOutcome] = MappingProxyType(
    {
        InvalidRequestError: CallOutcome.INVALID_REQUEST,
        UnknownTenantError: CallOutcome.UNAUTHENTICATED,
        TenantRateLimitedError: CallOutcome.TENANT_RATE_LIMITED,
        AuthenticationUnavailableError: CallOutcome.AUTHENTICATION_UNAVAILABLE,
        MethodNotAllowedError: CallOutcome.PERMISSION_DENIED,
        PolicyNotAllowedError: CallOutcome.PERMISSION_DENIED,
        UnknownPolicyError: CallOutcome.UNKNOWN_POLICY,
        UnknownNameError: CallOutcome.UNKNOWN_NAME,
        UnknownDecisionError: CallOutcome.UNKNOWN_DECISION,
        FieldNotServedError: CallOutcome.FIELD_NOT_SERVED,
        OverloadedError: CallOutcome.ROUTER_OVERLOADED,
        DrainingError: CallOutcome.DRAINING,
        StreamBrokenError: CallOutcome.STREAM_BROKEN,
        DeadlineExceededError: CallOutcome.DEADLINE_EXCEEDED,
        asyncio.CancelledError: CallOutcome.CANCELLED,
        GeneratorExit: CallOutcome.CANCELLED,
    }
)
"""The outcomes of errors whose class determines the outcome."""


def outcome_of(error: BaseException | None) -> CallOutcome:
    """Return the outcome of a call that raised `error`, `None` for a complete answer."""
    match error:
        case None:
            return CallOutcome.SERVED
        case AttemptsFailedError():
            return CALLER_OUTCOMES[error.caller_outcome]
        case TenantBudgetExhaustedError():
            return CallOutcome.TENANT_BUDGET_EXHAUSTED
        case NoEligibleDeploymentError():
            if error.candidates and error.only_context_window:
                return CallOutcome.CONTEXT_LENGTH_EXCEEDED
            return CallOutcome.NO_ELIGIBLE_DEPLOYMENT
        case _:
            return ERRORS.get(type(error), CallOutcome.INTERNAL)
