"""What a failure means for the next step and for health: the failure classes and their rules.

The table of the design's "Failure classes" stands here once, as data. Adapters say
which class a failure belongs to; everything that follows from it is read off
`RULES`: whether the same deployment may be tried again, where a failover may go,
what the breaker learns, what is disabled, and how the caller hears of it when nothing
else is left.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from routersvc.domain.conversation.answers import RateLimitHeadroom


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


class SameDeployment(enum.Enum):
    """When the deployment that failed may be tried again for the same request."""

    NEVER = "never"
    AT_ONCE_IF_CONNECTION_WAS_IDLE = "at_once_if_connection_was_idle"
    ONCE_WITHOUT_ALTERNATIVE = "once_without_alternative"
    ONCE_IF_DELAY_FITS = "once_if_delay_fits"


class Failover(enum.Enum):
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


class LastWord(enum.Enum):
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

    same_deployment: SameDeployment
    failover: Failover
    breaker: BreakerEffect
    disables: Disables = Disables.NOTHING
    last_word: LastWord = LastWord.UNAVAILABLE


RULES: Mapping[FailureClass, FailureRule] = MappingProxyType(
    {
        FailureClass.CONNECT: FailureRule(
            same_deployment=SameDeployment.ONCE_WITHOUT_ALTERNATIVE,
            failover=Failover.ANY,
            breaker=BreakerEffect.FAILURE,
        ),
        FailureClass.RESET: FailureRule(
            same_deployment=SameDeployment.AT_ONCE_IF_CONNECTION_WAS_IDLE,
            failover=Failover.ANY,
            breaker=BreakerEffect.FAILURE,
        ),
        FailureClass.SERVER_ERROR: FailureRule(
            same_deployment=SameDeployment.ONCE_WITHOUT_ALTERNATIVE,
            failover=Failover.ANY,
            breaker=BreakerEffect.FAILURE,
        ),
        FailureClass.OVERLOADED: FailureRule(
            same_deployment=SameDeployment.NEVER,
            failover=Failover.ANY,
            breaker=BreakerEffect.RATE_ONLY,
        ),
        FailureClass.RATE_LIMITED: FailureRule(
            same_deployment=SameDeployment.ONCE_IF_DELAY_FITS,
            failover=Failover.ANY,
            breaker=BreakerEffect.RATE_ONLY,
            last_word=LastWord.RATE_LIMITED,
        ),
        FailureClass.QUOTA_EXHAUSTED: FailureRule(
            same_deployment=SameDeployment.NEVER,
            failover=Failover.OTHER_CREDENTIAL,
            breaker=BreakerEffect.NOTHING,
            disables=Disables.CREDENTIAL,
            last_word=LastWord.MISCONFIGURED,
        ),
        FailureClass.AUTHENTICATION: FailureRule(
            same_deployment=SameDeployment.NEVER,
            failover=Failover.OTHER_CREDENTIAL,
            breaker=BreakerEffect.NOTHING,
            disables=Disables.CREDENTIAL,
            last_word=LastWord.MISCONFIGURED,
        ),
        FailureClass.PERMISSION: FailureRule(
            same_deployment=SameDeployment.NEVER,
            failover=Failover.OTHER_CREDENTIAL,
            breaker=BreakerEffect.NOTHING,
            disables=Disables.CREDENTIAL,
            last_word=LastWord.MISCONFIGURED,
        ),
        FailureClass.MODEL_NOT_FOUND: FailureRule(
            same_deployment=SameDeployment.NEVER,
            failover=Failover.OTHER_MODEL,
            breaker=BreakerEffect.NOTHING,
            disables=Disables.MODEL,
            last_word=LastWord.MISCONFIGURED,
        ),
        FailureClass.INVALID_REQUEST: FailureRule(
            same_deployment=SameDeployment.NEVER,
            failover=Failover.NONE,
            breaker=BreakerEffect.NOTHING,
            last_word=LastWord.REJECTED,
        ),
        FailureClass.CAPABILITY_MISMATCH: FailureRule(
            same_deployment=SameDeployment.NEVER,
            failover=Failover.OTHER_MODEL,
            breaker=BreakerEffect.NOTHING,
            last_word=LastWord.REJECTED,
        ),
        FailureClass.CONTEXT_LENGTH: FailureRule(
            same_deployment=SameDeployment.NEVER,
            failover=Failover.LARGER_CONTEXT,
            breaker=BreakerEffect.NOTHING,
            last_word=LastWord.CONTEXT_LENGTH,
        ),
        FailureClass.CONTENT_FILTERED: FailureRule(
            same_deployment=SameDeployment.NEVER,
            failover=Failover.IF_POLICY_ALLOWS,
            breaker=BreakerEffect.NOTHING,
            last_word=LastWord.CONTENT_FILTERED,
        ),
        FailureClass.BAD_ANSWER: FailureRule(
            same_deployment=SameDeployment.ONCE_WITHOUT_ALTERNATIVE,
            failover=Failover.ONCE,
            breaker=BreakerEffect.RATE_ONLY,
            last_word=LastWord.BAD_ANSWER,
        ),
        FailureClass.FIRST_CONTENT_TIMEOUT: FailureRule(
            same_deployment=SameDeployment.NEVER,
            failover=Failover.ANY,
            breaker=BreakerEffect.SLOW_CALL,
        ),
        FailureClass.STALLED: FailureRule(
            same_deployment=SameDeployment.NEVER,
            failover=Failover.ANY,
            breaker=BreakerEffect.RATE_ONLY,
        ),
        FailureClass.TRUNCATED: FailureRule(
            same_deployment=SameDeployment.NEVER,
            failover=Failover.ANY,
            breaker=BreakerEffect.RATE_ONLY,
        ),
        FailureClass.ATTEMPT_TIMEOUT: FailureRule(
            same_deployment=SameDeployment.NEVER,
            failover=Failover.ANY,
            breaker=BreakerEffect.SLOW_CALL,
        ),
        FailureClass.LOCAL_LIMIT: FailureRule(
            same_deployment=SameDeployment.NEVER,
            failover=Failover.ANY,
            breaker=BreakerEffect.NOTHING,
            last_word=LastWord.LOCALLY_OVERLOADED,
        ),
    }
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """How one attempt failed.

    `message` is the router's own sentence: it never quotes a provider's body.
    `retry_after` is in seconds from the moment of failure. `connection_was_idle` says that the
    request went out on a kept-alive connection that broke before a response began.
    """

    failure_class: FailureClass
    message: str
    http_status: int | None = None
    retry_after: float | None = None
    headroom: RateLimitHeadroom | None = None
    connection_was_idle: bool = False

    @property
    def rule(self) -> FailureRule:
        """What follows from this failure."""
        return RULES[self.failure_class]


class AttemptFailedError(Exception):
    """An attempt failed in the way `failure` says. Adapters raise it, the engine acts on it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure
