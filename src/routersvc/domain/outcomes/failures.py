"""How one attempt failed.

An adapter raises `AttemptFailedError` with the failure's class. What follows from the class is in
`failure_rules`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from routersvc.domain.outcomes.failure_rules import (
    RULES,
    FailureClass,
    FailureRule,
    SameDeploymentRule,
)

if TYPE_CHECKING:
    from routersvc.domain.conversation.rate_limit_headroom import RateLimitHeadroom


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

    @property
    def is_stale_connection(self) -> bool:
        """Whether the provider closed a kept-alive connection and never saw the request."""
        return (
            self.connection_was_idle
            and self.rule.same_deployment is SameDeploymentRule.AT_ONCE_IF_CONNECTION_WAS_IDLE
        )


class AttemptFailedError(Exception):
    """An attempt failed in the way `failure` says. Adapters raise it, the engine acts on it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure
