"""How one attempt failed.

An adapter raises `AttemptFailedError` with the failure's class. What follows from the class is in
`failure_rules`.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING

from routersvc.domain.outcomes.failure_rules import (
    RATE_ONLY_RULES,
    RULES,
    FailureClass,
    FailureRule,
    SameDeploymentRule,
)

if TYPE_CHECKING:
    from routersvc.domain.conversation.rate_limit_headroom import RateLimitHeadroom
    from routersvc.domain.conversation.usage import UsageCounted


class Evidence(enum.Enum):
    """How far a failure proves that a credential or a model is out of use.

    - `VENDOR_CODE`: the vendor's code for exactly this, in the field that it keeps for codes. No
      request can cause it while credential and model are in order.
    - `STATUS`: a status, or a code that a single request may cause as well.
    - `WORDS`: sentences, which may quote the caller. They decide the next step of the request that
      failed, and nothing else.
    """

    VENDOR_CODE = "vendor_code"
    STATUS = "status"
    WORDS = "words"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """How one attempt failed.

    `message` is the router's own sentence: it never quotes a provider's body.
    `retry_after` is in seconds from the moment of failure. `connection_was_idle` says that the
    request went out on a kept-alive connection that broke before a response began. `rate_only`
    says that the failure may be about this request alone: breakers count it in their failure rate,
    not as one of several in a row. `evidence` limits what the failure may disable. `proof_refused`
    says that the provider refused a signature or an encrypted thought of the conversation, or
    missed one: the same deployment may take the request without the thoughts.
    """

    failure_class: FailureClass
    message: str
    http_status: int | None = None
    retry_after: float | None = None
    headroom: RateLimitHeadroom | None = None
    connection_was_idle: bool = False
    rate_only: bool = False
    evidence: Evidence = Evidence.STATUS
    proof_refused: bool = False

    @property
    def rule(self) -> FailureRule:
        """What follows from this failure."""
        return (RATE_ONLY_RULES if self.rate_only else RULES)[self.failure_class]

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
