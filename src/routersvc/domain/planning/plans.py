"""The result of planning one request: what the router does and what explanations describe."""

from __future__ import annotations

import dataclasses

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.modes import ConsistencyMode, HedgingMode, StreamRecoveryMode
from routersvc.domain.catalogue.policies import HedgingRule, Policy, Priority, RetryRule, Timeouts
from routersvc.domain.planning.deployment_orders import DeploymentOrder
from routersvc.domain.planning.limits import Limits
from routersvc.domain.planning.planning_errors import (
    NoEligibleDeploymentError,
    TenantBudgetExhaustedError,
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class HedgingPlan:
    """When a hedge starts: `delay` seconds after the attempt before it, `None` for never."""

    mode: HedgingMode
    delay: float | None
    max_parallel: int
    description: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The ordered deployments and the rules for one request.

    `timeout` is seconds for the whole call, `latency_budget` seconds within which the caller wants
    the first content. `tokens` is the expected sum of prompt and answer, for the token limits of
    providers. `hedging` is the decision of `hedging_rule` for the first attempt; only explanations
    decide it beforehand. `zero_data_retention` and `no_training` are requested with every attempt.
    """

    policy: Policy
    deployments: tuple[Deployment, ...]
    max_attempts: int
    timeout: float
    timeouts: Timeouts
    retries: RetryRule
    hedging_rule: HedgingRule
    hedging: HedgingPlan
    priority: Priority
    previous_attempts: int
    tokens: int
    stream_recovery: StreamRecoveryMode
    consistency: ConsistencyMode
    streaming: bool
    has_side_effects: bool
    failover_on_refusal: bool
    latency_budget: float | None = None
    zero_data_retention: bool = False
    no_training: bool = False

    @property
    def resumes(self) -> bool:
        """Whether a broken stream resumes from the text so far."""
        return self.streaming and self.stream_recovery is StreamRecoveryMode.RESUME

    def streams_whole_answers_of(self, deployment: Deployment) -> bool:
        """Whether to request a whole answer as a stream, because a hedge may cancel it.

        If closing a stream stops billing, the attempt that loses costs only what it has sent.
        """
        return (
            self.hedging_rule.mode is not HedgingMode.OFF
            and deployment.provider.cancel_stops_billing
            and Capability.STREAMING in deployment.capabilities
        )


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PlannedRequest:
    """A request that some deployment may serve."""

    limits: Limits
    order: DeploymentOrder
    plan: Plan


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RefusedRequest:
    """A request that no deployment may serve. `error` has the reason for each listed deployment."""

    limits: Limits
    error: NoEligibleDeploymentError | TenantBudgetExhaustedError
