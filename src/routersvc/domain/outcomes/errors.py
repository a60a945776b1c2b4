"""Why a call fails, as one tree.

    RouterError
    ├── RefusedError                    nothing was attempted
    │   ├── InvalidRequestError         fields are missing or wrong; names each
    │   ├── UnknownTenantError          nobody knows who asks
    │   ├── UnknownPolicyError
    │   ├── PolicyNotAllowedError       the tenant may not use the policy
    │   ├── UnknownNameError            a model, provider or deployment that does not exist
    │   ├── UnknownDecisionError        no such decision is remembered for the tenant
    │   ├── FieldNotServedError         a field this version does not serve
    │   ├── NoEligibleDeploymentError   constraints exclude everything
    │   ├── TenantBudgetExhaustedError  what may serve costs more than the tenant has left
    │   ├── TenantRateLimitedError      the tenant calls more often than it may
    │   ├── OverloadedError             the router has too much to do
    │   └── DrainingError               the router is shutting down
    └── CallFailedError                 attempts were made; carries the report
        ├── AttemptsFailedError         nothing is left to try
        ├── StreamBrokenError           the answer broke after its first content
        └── DeadlineExceededError       the time is up

Sentences are for people who operate or call the router; none holds a prompt or a secret.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from routersvc.domain.outcomes.failure_rules import (
        CallerOutcome,
    )
    from routersvc.domain.outcomes.failures import (
        Failure,
    )
    from routersvc.domain.outcomes.reports import (
        RouteReport,
    )


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
    """The caller did not say who it is, or not believably. Never holds what it said."""

    def __init__(self, message: str = "the caller is no known tenant") -> None:
        super().__init__(message)


class PolicyNotAllowedError(RefusedError):
    """The request names a policy that its tenant may not use, whether it exists or not."""

    def __init__(self, policy: str, allowed: Sequence[str]) -> None:
        self.policy = policy
        self.allowed = tuple(allowed)
        super().__init__(
            f"the policy `{policy}` is not open to this tenant; there are: "
            f"{', '.join(self.allowed)}"
        )


class UnknownPolicyError(RefusedError):
    """The request names a policy that does not exist."""

    def __init__(self, policy: str, known: Sequence[str]) -> None:
        self.policy = policy
        self.known = tuple(known)
        super().__init__(f"no policy is named `{policy}`; there are: {', '.join(self.known)}")


class UnknownNameError(RefusedError):
    """The request names a model, provider, region or deployment that does not exist."""

    def __init__(self, *, field: str, name: str, known: Sequence[str]) -> None:
        self.field = field
        self.name = name
        self.known = tuple(known)
        super().__init__(f"`{field}` names `{name}`, which does not exist")


class UnknownDecisionError(RefusedError):
    """The decision is unknown, forgotten, or another tenant's: which of them is not told."""

    def __init__(self) -> None:
        super().__init__(
            "this router remembers no such decision: each replica knows its own, and for a while"
        )


class FieldNotServedError(RefusedError):
    """The request uses a field of the contract that this version does not serve."""

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(f"`{field}` is not served by this version")


class TenantRateLimitedError(RefusedError):
    """The tenant calls more often than it may; `retry_after` is in seconds."""

    def __init__(self, *, retry_after: float) -> None:
        self.retry_after = retry_after
        super().__init__("the tenant calls more often than it may")


class OverloadedError(RefusedError):
    """The router has too much to do; `retry_after` is in seconds."""

    def __init__(self, *, retry_after: float) -> None:
        self.retry_after = retry_after
        super().__init__("the router has too much to do")


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

    `caller_outcome` says how the caller hears of it, `failure` is the one that decided,
    `retry_after` (seconds) is set where a retry can help.
    """

    def __init__(
        self,
        *,
        report: RouteReport,
        failure: Failure,
        caller_outcome: CallerOutcome,
        retry_after: float | None,
    ) -> None:
        match len(report.attempts):
            case 0:
                summary = "nothing could be called"
            case 1:
                summary = "the only attempt failed"
            case count:
                summary = f"all {count} attempts failed"
        super().__init__(f"{summary}; {failure.message}", report)
        self.failure = failure
        self.caller_outcome = caller_outcome
        self.retry_after = retry_after


class StreamBrokenError(CallFailedError):
    """The answer broke after its first content; `failure` says how."""

    def __init__(self, *, report: RouteReport, failure: Failure) -> None:
        super().__init__(f"the answer broke off; {failure.message}", report)
        self.failure = failure


class DeadlineExceededError(CallFailedError):
    """The time is up."""

    def __init__(self, *, report: RouteReport) -> None:
        super().__init__("the deadline passed before an answer was complete", report)
