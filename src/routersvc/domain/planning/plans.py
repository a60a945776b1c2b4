"""The result of planning one request: what the router does and what explanations describe."""

from __future__ import annotations

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
from routersvc.domain.values import Value


class HedgingPlan(Value, frozen=True, kw_only=True):
    """When a hedge starts: `delay` seconds after the attempt before it, `None` for never."""

    mode: HedgingMode
    delay: float | None
    max_parallel: int
    description: str


class Plan(Value, frozen=True, kw_only=True):
    """The ordered deployments and the rules for one request.

    `timeout` is seconds for the whole call, `latency_budget` seconds within which the caller wants
    the first content. `tokens` is the expected sum of prompt and answer, for the token limits of
    providers. `hedging` is the decision of `hedging_rule` for the first attempt; only explanations
    decide it beforehand. `may_reason` is false where the request turns reasoning off,
    `max_output_tokens` is the limit that it sets. `zero_data_retention` and `no_training` are
    requested with every attempt.
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
    may_reason: bool = True
    max_output_tokens: int | None = None
    latency_budget: float | None = None
    zero_data_retention: bool = False
    no_training: bool = False

    @property
    def recovers(self) -> bool:
        """Whether another attempt takes over from a stream that breaks."""
        return self.streaming and self.stream_recovery is not StreamRecoveryMode.FAIL

    @property
    def resumes(self) -> bool:
        """Whether a broken stream resumes from the text so far."""
        return self.streaming and self.stream_recovery is StreamRecoveryMode.RESUME

    def reads_as_stream(self, deployment: Deployment) -> bool:
        """Whether an attempt asks for a stream: for whole answers too, where that is possible.

        Only a stream shows that a provider has begun and goes on: the timeouts of first content,
        idle and pace hold for it, and a loser that is cut off costs only what it has sent.
        """
        return self.streaming or Capability.STREAMING in deployment.capabilities

    def first_content_of(self, deployment: Deployment) -> float:
        """Return the seconds until a deployment's first content: more for one that may reason."""
        timeouts = self.timeouts
        if self.may_reason and Capability.REASONING in deployment.capabilities:
            return timeouts.first_content_of_reasoning
        return timeouts.first_content


class PlannedRequest(Value, frozen=True, kw_only=True):
    """A request that some deployment may serve."""

    limits: Limits
    order: DeploymentOrder
    plan: Plan

    @property
    def worst_case_cost(self) -> float:
        """The cost to reserve in the tenant's budget, in US dollars; 0 without a budget."""
        limits = self.limits
        if limits.budget is None:
            return 0.0
        costs = (limits.worst_case_cost(one.model) for one in self.plan.deployments)
        return max(cost for cost in costs if cost is not None)


class RefusedRequest(Value, frozen=True, kw_only=True):
    """A request that no deployment may serve. `error` has the reason for each listed deployment."""

    limits: Limits
    error: NoEligibleDeploymentError | TenantBudgetExhaustedError
