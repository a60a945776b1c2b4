"""What follows from each failure class: the one table that decides it."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from types import MappingProxyType


class FailureClass(enum.Enum):
    """What a failure means; the proto's `FailureClass` says each in a sentence."""

    CONNECT = "connect"
    RESET = "reset"
    SERVER_ERROR = "server_error"
    OVERLOADED = "overloaded"
    RATE_LIMITED = "rate_limited"
    QUOTA_EXHAUSTED = "quota_exhausted"
    AUTHENTICATION = "authentication"
    PERMISSION = "permission"
    MODEL_NOT_FOUND = "model_not_found"
    INVALID_REQUEST = "invalid_request"
    CAPABILITY_MISMATCH = "capability_mismatch"
    CONTEXT_LENGTH = "context_length"
    CONTENT_FILTERED = "content_filtered"
    BAD_ANSWER = "bad_answer"
    FIRST_CONTENT_TIMEOUT = "first_content_timeout"
    STALLED = "stalled"
    TRUNCATED = "truncated"
    ATTEMPT_TIMEOUT = "attempt_timeout"
    LOCAL_LIMIT = "local_limit"


class SameDeploymentRule(enum.Enum):
    """When the deployment that failed may be tried again for the same request."""

    NEVER = "never"
    AT_ONCE_IF_CONNECTION_WAS_IDLE = "at_once_if_connection_was_idle"
    ONCE_WITHOUT_ALTERNATIVE = "once_without_alternative"
    ONCE_IF_DELAY_FITS = "once_if_delay_fits"


class FailoverRule(enum.Enum):
    """Which other deployments may be tried next."""

    ANY = "any"
    ONCE = "once"
    OTHER_CREDENTIAL = "other_credential"
    OTHER_MODEL = "other_model"
    LARGER_CONTEXT = "larger_context"
    IF_POLICY_ALLOWS = "if_policy_allows"
    NONE = "none"


class BreakerEffect(enum.Enum):
    """What the deployment's breaker learns."""

    NOTHING = "nothing"
    FAILURE = "failure"
    RATE_ONLY = "rate_only"
    SLOW_CALL = "slow_call"


class Disables(enum.Enum):
    """What stops being used until a check succeeds."""

    NOTHING = "nothing"
    CREDENTIAL = "credential"
    MODEL = "model"


class CallerOutcome(enum.Enum):
    """How the caller hears of the failure when nothing else is left, most hopeful first.

    Where attempts failed in different ways, the most hopeful of their last words decides: if
    any of them may pass, a later call may succeed.
    """

    UNAVAILABLE = "unavailable"
    RATE_LIMITED = "rate_limited"
    LOCALLY_OVERLOADED = "locally_overloaded"
    BAD_ANSWER = "bad_answer"
    CONTEXT_LENGTH = "context_length"
    CONTENT_FILTERED = "content_filtered"
    REJECTED = "rejected"
    MISCONFIGURED = "misconfigured"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class FailureRule:
    """What follows from a failure of one class."""

    same_deployment: SameDeploymentRule
    failover: FailoverRule
    breaker: BreakerEffect
    disables: Disables = Disables.NOTHING
    caller_outcome: CallerOutcome = CallerOutcome.UNAVAILABLE


RULES: Mapping[FailureClass, FailureRule] = MappingProxyType(
    {
        FailureClass.CONNECT: FailureRule(
            same_deployment=SameDeploymentRule.ONCE_WITHOUT_ALTERNATIVE,
            failover=FailoverRule.ANY,
            breaker=BreakerEffect.FAILURE,
        ),
        FailureClass.RESET: FailureRule(
            same_deployment=SameDeploymentRule.AT_ONCE_IF_CONNECTION_WAS_IDLE,
            failover=FailoverRule.ANY,
            breaker=BreakerEffect.FAILURE,
        ),
        FailureClass.SERVER_ERROR: FailureRule(
            same_deployment=SameDeploymentRule.ONCE_WITHOUT_ALTERNATIVE,
            failover=FailoverRule.ANY,
            breaker=BreakerEffect.FAILURE,
        ),
        FailureClass.OVERLOADED: FailureRule(
            same_deployment=SameDeploymentRule.NEVER,
            failover=FailoverRule.ANY,
            breaker=BreakerEffect.RATE_ONLY,
        ),
        FailureClass.RATE_LIMITED: FailureRule(
            same_deployment=SameDeploymentRule.ONCE_IF_DELAY_FITS,
            failover=FailoverRule.ANY,
            breaker=BreakerEffect.RATE_ONLY,
            caller_outcome=CallerOutcome.RATE_LIMITED,
        ),
        FailureClass.QUOTA_EXHAUSTED: FailureRule(
            same_deployment=SameDeploymentRule.NEVER,
            failover=FailoverRule.OTHER_CREDENTIAL,
            breaker=BreakerEffect.NOTHING,
            disables=Disables.CREDENTIAL,
            caller_outcome=CallerOutcome.MISCONFIGURED,
        ),
        FailureClass.AUTHENTICATION: FailureRule(
            same_deployment=SameDeploymentRule.NEVER,
            failover=FailoverRule.OTHER_CREDENTIAL,
            breaker=BreakerEffect.NOTHING,
            disables=Disables.CREDENTIAL,
            caller_outcome=CallerOutcome.MISCONFIGURED,
        ),
        FailureClass.PERMISSION: FailureRule(
            same_deployment=SameDeploymentRule.NEVER,
            failover=FailoverRule.OTHER_CREDENTIAL,
            breaker=BreakerEffect.NOTHING,
            disables=Disables.CREDENTIAL,
            caller_outcome=CallerOutcome.MISCONFIGURED,
        ),
        FailureClass.MODEL_NOT_FOUND: FailureRule(
            same_deployment=SameDeploymentRule.NEVER,
            failover=FailoverRule.OTHER_MODEL,
            breaker=BreakerEffect.NOTHING,
            disables=Disables.MODEL,
            caller_outcome=CallerOutcome.MISCONFIGURED,
        ),
        FailureClass.INVALID_REQUEST: FailureRule(
            same_deployment=SameDeploymentRule.NEVER,
            failover=FailoverRule.NONE,
            breaker=BreakerEffect.NOTHING,
            caller_outcome=CallerOutcome.REJECTED,
        ),
        FailureClass.CAPABILITY_MISMATCH: FailureRule(
            same_deployment=SameDeploymentRule.NEVER,
            failover=FailoverRule.OTHER_MODEL,
            breaker=BreakerEffect.NOTHING,
            caller_outcome=CallerOutcome.REJECTED,
        ),
        FailureClass.CONTEXT_LENGTH: FailureRule(
            same_deployment=SameDeploymentRule.NEVER,
            failover=FailoverRule.LARGER_CONTEXT,
            breaker=BreakerEffect.NOTHING,
            caller_outcome=CallerOutcome.CONTEXT_LENGTH,
        ),
        FailureClass.CONTENT_FILTERED: FailureRule(
            same_deployment=SameDeploymentRule.NEVER,
            failover=FailoverRule.IF_POLICY_ALLOWS,
            breaker=BreakerEffect.NOTHING,
            caller_outcome=CallerOutcome.CONTENT_FILTERED,
        ),
        FailureClass.BAD_ANSWER: FailureRule(
            same_deployment=SameDeploymentRule.ONCE_WITHOUT_ALTERNATIVE,
            failover=FailoverRule.ONCE,
            breaker=BreakerEffect.RATE_ONLY,
            caller_outcome=CallerOutcome.BAD_ANSWER,
        ),
        FailureClass.FIRST_CONTENT_TIMEOUT: FailureRule(
            same_deployment=SameDeploymentRule.NEVER,
            failover=FailoverRule.ANY,
            breaker=BreakerEffect.SLOW_CALL,
        ),
        FailureClass.STALLED: FailureRule(
            same_deployment=SameDeploymentRule.NEVER,
            failover=FailoverRule.ANY,
            breaker=BreakerEffect.RATE_ONLY,
        ),
        FailureClass.TRUNCATED: FailureRule(
            same_deployment=SameDeploymentRule.NEVER,
            failover=FailoverRule.ANY,
            breaker=BreakerEffect.RATE_ONLY,
        ),
        FailureClass.ATTEMPT_TIMEOUT: FailureRule(
            same_deployment=SameDeploymentRule.NEVER,
            failover=FailoverRule.ANY,
            breaker=BreakerEffect.SLOW_CALL,
        ),
        FailureClass.LOCAL_LIMIT: FailureRule(
            same_deployment=SameDeploymentRule.NEVER,
            failover=FailoverRule.ANY,
            breaker=BreakerEffect.NOTHING,
            caller_outcome=CallerOutcome.LOCALLY_OVERLOADED,
        ),
    }
)
