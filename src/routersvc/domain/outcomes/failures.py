"""How one attempt failed.

An adapter raises `AttemptFailedError` with the failure's class. What follows from the class is in
`failure_rules`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from routersvc.domain.outcomes.failure_rules import (
    RULES,
    BreakerEffect,
    FailureClass,
    FailureRule,
    SameDeploymentRule,
)

if TYPE_CHECKING:
    from routersvc.domain.conversation.rate_limit_headroom import RateLimitHeadroom
    from routersvc.domain.conversation.usage import UsageCounted


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """How one attempt failed.

    `message` is the router's own sentence: it never quotes a provider's body.
    `retry_after` is in seconds from the moment of failure. `connection_was_idle` says that the
    request went out on a kept-alive connection that broke before a response began. `rate_only`
    says that the failure may be about this request alone: breakers count it in their failure rate,
    not as one of several in a row.
    """

    failure_class: FailureClass
    message: str
    http_status: int | None = None
    retry_after: float | None = None
    headroom: RateLimitHeadroom | None = None
    connection_was_idle: bool = False
    rate_only: bool = False

    @property
    def rule(self) -> FailureRule:
        """What follows from this failure."""
        rule = RULES[self.failure_class]
        if self.rate_only and rule.breaker is BreakerEffect.FAILURE:
            return dataclasses.replace(rule, breaker=BreakerEffect.RATE_ONLY)
        return rule

    @property
    def is_stale_connection(self) -> bool:
        """Whether the provider closed a kept-alive connection and never saw the request."""
        return (
            self.connection_was_idle
            and self.rule.same_deployment is SameDeploymentRule.AT_ONCE_IF_CONNECTION_WAS_IDLE
        )


class AttemptFailedError(Exception):
    """An attempt failed in the way `failure` says. Adapters raise it, the engine acts on it.

    `counted` is the usage that came with the failure: providers bill answers that are no use.
    """

    def __init__(self, failure: Failure, *, counted: UsageCounted | None = None) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.counted = counted
