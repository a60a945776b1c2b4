"""What follows from each failure class: the one table that decides it.

Adapters name the class of a failure. Everything else that depends on the class is a column of
`RULES`: whether the same deployment is retried, where a failover may go, what the breaker counts,
what is disabled, what is billed, what the caller is told. A rule has no defaults, so a class
without an answer in every column does not construct.
"""

# ruff: noqa: E501 - one row of the table per failure class

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from types import MappingProxyType


class FailureClass(enum.Enum):
    """What a failure means; the proto's `FailureClass` describes each."""

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
    """What the deployment's breaker counts."""

    NOTHING = "nothing"
    FAILURE = "failure"
    RATE_ONLY = "rate_only"
    SLOW_CALL = "slow_call"


class Disables(enum.Enum):
    """What is disabled until a check succeeds."""

    NOTHING = "nothing"
    CREDENTIAL = "credential"
    MODEL = "model"


class CallerOutcome(enum.Enum):
    """What the caller is told when nothing is left to try, most hopeful first.

    Where attempts failed in different ways, the most hopeful outcome is reported: if any of the
    failures may pass, a later call may succeed.
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
    """What follows from a failure of one class.

    - `same_deployment`, `failover`: where the next attempt may go.
    - `retry_backs_off`: a retry of the same deployment waits first.
    - `breaker`, `disables`: what happens to the deployment's health.
    - `caller_outcome`: what the caller is told when nothing is left to try.
    - `may_have_begun`: the provider may have begun to act on the request. Requests with side
      effects are not attempted again.
    - `billed`: the provider bills the prompt even where no content arrived.
    - `cleared_by_free_check`: a free health check shows that the cause is gone.
    - `may_name_wait`: the text of the provider's error is searched for a time to wait.
    - `refused_for_load`: the provider refused for load. The concurrency limit shrinks, and
      `retry_after` keeps calls away from the deployment.
    - `transient`: the failure passes by itself. The caller is told when to retry.

    Raises:
        ValueError: a retry backs off where the class allows no delayed retry, or the reverse.
    """

    same_deployment: SameDeploymentRule
    failover: FailoverRule
    breaker: BreakerEffect
    disables: Disables
    caller_outcome: CallerOutcome
    may_have_begun: bool
    billed: bool
    retry_backs_off: bool
    cleared_by_free_check: bool
    may_name_wait: bool
    refused_for_load: bool
    transient: bool

    def __post_init__(self) -> None:
        is_delayed = self.same_deployment in {
            SameDeploymentRule.ONCE_WITHOUT_ALTERNATIVE,
            SameDeploymentRule.ONCE_IF_DELAY_FITS,
        }
        if self.retry_backs_off is not is_delayed:
            raise ValueError("`retry_backs_off` contradicts `same_deployment`")


def _row(  # noqa: PLR0913, PLR0917 - one parameter per column
    same_deployment: SameDeploymentRule,
    failover: FailoverRule,
    breaker: BreakerEffect,
    disables: Disables,
    caller_outcome: CallerOutcome,
    may_have_begun: bool,  # noqa: FBT001 - a cell of the table
    billed: bool,  # noqa: FBT001
    retry_backs_off: bool,  # noqa: FBT001
    cleared_by_free_check: bool,  # noqa: FBT001
    may_name_wait: bool,  # noqa: FBT001
    refused_for_load: bool,  # noqa: FBT001
    transient: bool,  # noqa: FBT001
) -> FailureRule:
    return FailureRule(
        same_deployment=same_deployment,
        failover=failover,
        breaker=breaker,
        disables=disables,
        caller_outcome=caller_outcome,
        may_have_begun=may_have_begun,
        billed=billed,
        retry_backs_off=retry_backs_off,
        cleared_by_free_check=cleared_by_free_check,
        may_name_wait=may_name_wait,
        refused_for_load=refused_for_load,
        transient=transient,
    )


_C = FailureClass
_To = FailoverRule
_B = BreakerEffect
_Off = Disables
_Out = CallerOutcome
_NEVER = SameDeploymentRule.NEVER
_AT_ONCE = SameDeploymentRule.AT_ONCE_IF_CONNECTION_WAS_IDLE
_IF_ALONE = SameDeploymentRule.ONCE_WITHOUT_ALTERNATIVE
_IF_FITS = SameDeploymentRule.ONCE_IF_DELAY_FITS
_Y = True
_n = False

# fmt: off
RULES: Mapping[FailureClass, FailureRule] = MappingProxyType(
    {
        #                         same deployment failover              breaker       disables         caller outcome           begun billed backs free wait load transient
        #                                                                                                                                    off   check
        _C.CONNECT:               _row(_IF_ALONE, _To.ANY,              _B.FAILURE,   _Off.NOTHING,    _Out.UNAVAILABLE,        _n,   _n,    _Y,   _n,  _n,  _n,  _Y),
        _C.RESET:                 _row(_AT_ONCE,  _To.ANY,              _B.FAILURE,   _Off.NOTHING,    _Out.UNAVAILABLE,        _Y,   _n,    _n,   _n,  _n,  _n,  _Y),
        _C.SERVER_ERROR:          _row(_IF_ALONE, _To.ANY,              _B.FAILURE,   _Off.NOTHING,    _Out.UNAVAILABLE,        _Y,   _n,    _Y,   _n,  _n,  _n,  _Y),
        _C.OVERLOADED:            _row(_NEVER,    _To.ANY,              _B.FAILURE,   _Off.NOTHING,    _Out.UNAVAILABLE,        _n,   _n,    _n,   _n,  _Y,  _Y,  _Y),
        _C.RATE_LIMITED:          _row(_IF_FITS,  _To.ANY,              _B.RATE_ONLY, _Off.NOTHING,    _Out.RATE_LIMITED,       _n,   _n,    _Y,   _n,  _Y,  _Y,  _Y),
        _C.QUOTA_EXHAUSTED:       _row(_NEVER,    _To.OTHER_CREDENTIAL, _B.NOTHING,   _Off.CREDENTIAL, _Out.MISCONFIGURED,      _n,   _n,    _n,   _n,  _Y,  _n,  _n),
        _C.AUTHENTICATION:        _row(_NEVER,    _To.OTHER_CREDENTIAL, _B.NOTHING,   _Off.CREDENTIAL, _Out.MISCONFIGURED,      _n,   _n,    _n,   _Y,  _n,  _n,  _n),
        _C.PERMISSION:            _row(_NEVER,    _To.OTHER_CREDENTIAL, _B.NOTHING,   _Off.CREDENTIAL, _Out.MISCONFIGURED,      _n,   _n,    _n,   _n,  _n,  _n,  _n),
        _C.MODEL_NOT_FOUND:       _row(_NEVER,    _To.OTHER_MODEL,      _B.NOTHING,   _Off.MODEL,      _Out.MISCONFIGURED,      _n,   _n,    _n,   _n,  _n,  _n,  _n),
        _C.INVALID_REQUEST:       _row(_NEVER,    _To.NONE,             _B.NOTHING,   _Off.NOTHING,    _Out.REJECTED,           _Y,   _n,    _n,   _n,  _n,  _n,  _n),
        _C.CAPABILITY_MISMATCH:   _row(_NEVER,    _To.OTHER_MODEL,      _B.NOTHING,   _Off.NOTHING,    _Out.REJECTED,           _n,   _n,    _n,   _n,  _n,  _n,  _n),
        _C.CONTEXT_LENGTH:        _row(_NEVER,    _To.LARGER_CONTEXT,   _B.NOTHING,   _Off.NOTHING,    _Out.CONTEXT_LENGTH,     _n,   _n,    _n,   _n,  _n,  _n,  _n),
        _C.CONTENT_FILTERED:      _row(_NEVER,    _To.IF_POLICY_ALLOWS, _B.NOTHING,   _Off.NOTHING,    _Out.CONTENT_FILTERED,   _Y,   _Y,    _n,   _n,  _n,  _n,  _n),
        _C.BAD_ANSWER:            _row(_IF_ALONE, _To.ONCE,             _B.RATE_ONLY, _Off.NOTHING,    _Out.BAD_ANSWER,         _Y,   _Y,    _Y,   _n,  _n,  _n,  _n),
        _C.FIRST_CONTENT_TIMEOUT: _row(_NEVER,    _To.ANY,              _B.SLOW_CALL, _Off.NOTHING,    _Out.UNAVAILABLE,        _Y,   _Y,    _n,   _n,  _n,  _n,  _Y),
        _C.STALLED:               _row(_NEVER,    _To.ANY,              _B.FAILURE,   _Off.NOTHING,    _Out.UNAVAILABLE,        _Y,   _Y,    _n,   _n,  _n,  _n,  _Y),
        _C.TRUNCATED:             _row(_NEVER,    _To.ANY,              _B.FAILURE,   _Off.NOTHING,    _Out.UNAVAILABLE,        _Y,   _Y,    _n,   _n,  _n,  _n,  _Y),
        _C.ATTEMPT_TIMEOUT:       _row(_NEVER,    _To.ANY,              _B.SLOW_CALL, _Off.NOTHING,    _Out.UNAVAILABLE,        _Y,   _Y,    _n,   _n,  _n,  _n,  _Y),
        _C.LOCAL_LIMIT:           _row(_NEVER,    _To.ANY,              _B.NOTHING,   _Off.NOTHING,    _Out.LOCALLY_OVERLOADED, _n,   _n,    _n,   _n,  _n,  _n,  _Y),
    }
)
# fmt: on

RATE_ONLY_RULES: Mapping[FailureClass, FailureRule] = MappingProxyType(
    {
        failure_class: dataclasses.replace(rule, breaker=BreakerEffect.RATE_ONLY)
        if rule.breaker is BreakerEffect.FAILURE
        else rule
        for failure_class, rule in RULES.items()
    }
)
"""The same table for failures that may be about one request alone (`Failure.rate_only`)."""
