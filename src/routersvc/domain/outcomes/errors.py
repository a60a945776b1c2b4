"""Why a call fails, as one tree.

    RouterError
    ├── RefusedError                    nothing was attempted
    │   ├── InvalidRequestError         fields are missing or wrong; names each
    │   ├── UnknownTenantError          the caller is not authenticated
    │   ├── AuthenticationUnavailableError  a token cannot be checked now
    │   ├── MethodNotAllowedError       the tenant may not call the method
    │   ├── UnknownPolicyError
    │   ├── PolicyNotAllowedError       the tenant may not use the policy
    │   ├── UnknownNameError            a model, provider or deployment that does not exist
    │   ├── UnknownDecisionError        no such decision is stored for the tenant
    │   ├── FieldNotServedError         a field that this version does not support
    │   ├── NoEligibleDeploymentError   constraints exclude everything
    │   ├── TenantBudgetExhaustedError  every eligible deployment costs more than is left
    │   ├── TenantRateLimitedError      the tenant exceeds a limit of calls or tokens
    │   ├── OverloadedError             the router is overloaded
    │   └── DrainingError               the router is shutting down
    └── CallFailedError                 attempts were made; carries the report
        ├── AttemptsFailedError         nothing is left to try
        ├── StreamBrokenError           the answer broke after its first content
        └── DeadlineExceededError       the deadline passed

Messages are for operators and callers of the router; none contains a prompt or a secret.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Sequence
from typing import TYPE_CHECKING

from routersvc.domain.outcomes.race_results import BUDGET_SPENT

if TYPE_CHECKING:
    from routersvc.domain.catalogue.policies import Priority
    from routersvc.domain.outcomes.failure_rules import CallerOutcome
    from routersvc.domain.outcomes.failures import Failure
    from routersvc.domain.outcomes.reports import RouteReport


class RouterError(Exception):
    """Any reason why a call fails."""


class RefusedError(RouterError):
    """The call was refused before anything was attempted."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class FieldViolation:
    """One field that is missing or wrong: its path in the request, and what is right."""

    field: str
    description: str


class InvalidRequestError(RefusedError):
    """Fields of the request are missing or wrong."""

    def __init__(self, violations: Sequence[FieldViolation]) -> None:
        self.violations = tuple(violations)
        listing = "; ".join(f"`{v.field}`: {v.description}" for v in self.violations)
        super().__init__(f"the request is invalid: {listing}")


class UnknownTenantError(RefusedError):
    """The caller sent no credential, or a wrong one. Never contains the credential.

    `doubt` says for metrics what is wrong; callers do not learn it.
    """

    def __init__(
        self, message: str = "the caller is not a known tenant", *, doubt: str = "unknown_tenant"
    ) -> None:
        super().__init__(message)
        self.doubt = doubt


class AuthenticationUnavailableError(RefusedError):
    """Whether a token is valid cannot be checked now; `retry_after` is in seconds."""

    def __init__(self, *, retry_after: float) -> None:
        self.retry_after = retry_after
        super().__init__("the signing keys of the token's issuer are not available")


class MethodNotAllowedError(RefusedError):
    """The tenant may not call the method."""

    def __init__(self, method: str) -> None:
        self.method = method
        super().__init__(f"the tenant may not call `{method}`")


class PolicyNotAllowedError(RefusedError):
    """The request names a policy that its tenant may not use, whether it exists or not."""

    def __init__(self, policy: str, allowed: Sequence[str]) -> None:
        self.policy = policy
        self.allowed = tuple(allowed)
        super().__init__(
            f"the tenant may not use the policy `{policy}`; allowed policies: "
            f"{', '.join(self.allowed)}"
        )


class UnknownPolicyError(RefusedError):
    """The request names a policy that does not exist."""

    def __init__(self, policy: str, known: Sequence[str]) -> None:
        self.policy = policy
        self.known = tuple(known)
        super().__init__(f"unknown policy `{policy}`; known policies: {', '.join(self.known)}")


class UnknownNameError(RefusedError):
    """The request names a model, provider, region or deployment that does not exist."""

    def __init__(self, *, field: str, name: str, known: Sequence[str]) -> None:
        self.field = field
        self.name = name
        self.known = tuple(known)
        super().__init__(f"`{field}` names `{name}`, which does not exist")


class UnknownDecisionError(RefusedError):
    """The decision is unknown, expired, or of another tenant: which one is not disclosed."""

    def __init__(self) -> None:
        super().__init__(
            "unknown decision: each replica stores only its own decisions, for a limited time"
        )


class FieldNotServedError(RefusedError):
    """The request uses a field of the contract that this version does not support."""

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(f"`{field}` is not served by this version")


class TenantLimit(enum.Enum):
    """A limit of a tenant, by its name in `ErrorInfo`."""

    CALLS = "calls"
    TOKENS = "tokens"
    CONCURRENT_CALLS = "concurrent_calls"


_LIMIT_WORDS = {
    TenantLimit.CALLS: "call rate limit",
    TenantLimit.TOKENS: "token rate limit",
    TenantLimit.CONCURRENT_CALLS: "limit of concurrent calls",
}


class TenantRateLimitedError(RefusedError):
    """The tenant exceeds one of its limits; `retry_after` is in seconds."""

    def __init__(self, *, retry_after: float, limit: TenantLimit = TenantLimit.CALLS) -> None:
        self.retry_after = retry_after
        self.limit = limit
        super().__init__(f"the tenant exceeds its {_LIMIT_WORDS[limit]}")


class OverloadedError(RefusedError):
    """The calls that run take all `places` of this priority; `retry_after` is in seconds.

    `taken` are the places of the tenant itself where the others are kept for other tenants.
    """

    def __init__(
        self, *, priority: Priority, places: int, retry_after: float, taken: int = 0
    ) -> None:
        self.priority = priority
        self.places = places
        self.retry_after = retry_after
        super().__init__(
            f"the router is overloaded: the tenant has {taken} of {places} places for "
            f"{priority.value} priority, and the free ones are kept for other tenants"
            if taken
            else f"the router is overloaded: all {places} places for {priority.value} priority "
            "are taken"
        )


class DrainingError(RefusedError):
    """The router is shutting down; another replica can serve."""

    def __init__(self) -> None:
        super().__init__("the router is shutting down")


class CallFailedError(RouterError):
    """Attempts were made and none became a complete answer."""

    def __init__(self, message: str, report: RouteReport) -> None:
        super().__init__(message)
        self.report = report


class AttemptsFailedError(CallFailedError):
    """Nothing is left to try.

    `failure` is the one that is reported, `retry_after` (seconds) is set where a retry can help.
    """

    def __init__(
        self,
        *,
        report: RouteReport,
        failure: Failure,
        retry_after: float | None,
        is_budget_spent: bool = False,
    ) -> None:
        match len(report.attempts):
            case 0:
                summary = "no deployment could be called"
            case 1:
                summary = "the only attempt failed"
            case count:
                summary = f"all {count} attempts failed"
        super().__init__(f"{summary}; {failure.message}{_spent(is_budget_spent)}", report)
        self.failure = failure
        self.retry_after = retry_after

    @property
    def caller_outcome(self) -> CallerOutcome:
        """What the caller is told."""
        return self.failure.rule.caller_outcome


class StreamBrokenError(CallFailedError):
    """The answer broke after its first content, as `failure` describes."""

    def __init__(
        self, *, report: RouteReport, failure: Failure, is_budget_spent: bool = False
    ) -> None:
        message = f"the answer broke off; {failure.message}{_spent(is_budget_spent)}"
        super().__init__(message, report)
        self.failure = failure


class DeadlineExceededError(CallFailedError):
    """The deadline passed before an answer was complete."""

    def __init__(self, *, report: RouteReport) -> None:
        super().__init__("the deadline passed before an answer was complete", report)


def _spent(is_budget_spent: bool) -> str:  # noqa: FBT001 - the end of a sentence
    return f"; {BUDGET_SPENT}" if is_budget_spent else ""
