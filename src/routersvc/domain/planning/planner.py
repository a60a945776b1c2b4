"""Plans requests: resolve the limits, find the deployments that may serve, order them.

Pure: the same configuration, request and view of the fleet give the same plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.modes import HedgingMode
from routersvc.domain.catalogue.policies import Policy
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.conversation.reasoning import ReasoningEffort
from routersvc.domain.conversation.steps import Steps, finished
from routersvc.domain.measures.cost_budgets import BudgetStanding
from routersvc.domain.planning.candidates import Candidate
from routersvc.domain.planning.deployment_orders import DeploymentOrder, ordered
from routersvc.domain.planning.eligibility import Eligibility
from routersvc.domain.planning.exclusion_reasons import ExclusionReason
from routersvc.domain.planning.limits import Limits
from routersvc.domain.planning.limits_resolver import LimitsResolver
from routersvc.domain.planning.live_stats import LiveView
from routersvc.domain.planning.planning_errors import (
    NoEligibleDeploymentError,
    TenantBudgetExhaustedError,
)
from routersvc.domain.planning.plans import HedgingPlan, Plan, PlannedRequest, RefusedRequest
from routersvc.domain.planning.policy_choices import PolicyChoice
from routersvc.domain.planning.scored_candidates import excluded
from routersvc.domain.profiling.profiles import Profile, Profiler

Profiled: TypeAlias = tuple[PolicyChoice, Profile]
"""The policy of a request, and its profile."""

BUDGET_PUSHBACK = 1.0
"""Seconds that a caller waits at least for its budget: time for a running call to end."""

_UNDECIDED = HedgingPlan(
    mode=HedgingMode.OFF, delay=None, max_parallel=1, description="not decided yet"
)


class Planner:
    """Plans requests by one configuration. Without `tenants`, all callers are anonymous."""

    __slots__ = ("_eligibility", "_resolver", "catalogue")

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        policies: Mapping[str, Policy],
        default_policy: str,
        tenants: Mapping[str, Tenant] | None = None,
        profiler: Profiler | None = None,
    ) -> None:
        self.catalogue = catalogue
        self._eligibility = Eligibility(catalogue)
        self._resolver = LimitsResolver(
            catalogue=catalogue,
            policies=policies,
            default_policy=default_policy,
            tenants=tenants or {},
            profiler=profiler or Profiler(),
        )

    def tenant(self, name: str) -> Tenant:
        """Return the tenant of this name.

        Raises:
            UnknownTenantError: tenants are configured, and none has this name.
        """
        return self._resolver.tenant(name)

    def profiling(
        self, request: Request, budget: BudgetStanding | None, *, in_full: bool = False
    ) -> Steps[Profiled]:
        """Return the policy and the profile of a request, in steps: the long part of `plan`.

        A profile `in_full` has task and complexity although nothing in this plan depends on them.
        Raises what `plan` does.
        """
        return self._resolver.profiling(request, budget, in_full=in_full)

    def plan(
        self,
        request: Request,
        view: LiveView,
        *,
        budget: BudgetStanding | None,
        at: float,
        profiled: Profiled | None = None,
    ) -> PlannedRequest | RefusedRequest:
        """Return the plan for a request, or why nothing may serve it.

        `view` is what is known of the fleet, `budget` the state of the tenant's budget, `at` the
        time in seconds since the epoch, `profiled` the result of `profiling` if that was done
        before. The plan does not decide on hedges.

        Raises:
            UnknownTenantError: tenants are configured, and the request names none of them.
            PolicyNotAllowedError: the request names a policy that its tenant may not use.
            UnknownPolicyError: the request names a policy that does not exist.
            UnknownNameError: it names a model, provider or deployment that does not exist.
        """
        limits = self.limits(request, budget, at=at, profiled=profiled)
        allowed = self._eligibility.find(limits)
        if not allowed:
            listed = self._eligibility.listed(limits.fixed.listed)
            return RefusedRequest(limits=limits, error=_error(excluded(listed, limits), limits))
        order = ordered(allowed, limits, view)
        return PlannedRequest(limits=limits, order=order, plan=_plan(order, limits))

    def limits(
        self,
        request: Request,
        budget: BudgetStanding | None = None,
        *,
        at: float = 0.0,
        profiled: Profiled | None = None,
    ) -> Limits:
        """Return the limits of a request: the first step of `plan`, which lists what it raises."""
        if profiled is None:
            profiled = finished(self.profiling(request, budget))
        return self._resolver.resolve(request, budget, at=at, profiled=profiled)


def _plan(order: DeploymentOrder, limits: Limits) -> Plan:
    request = limits.request
    routing = request.routing
    policy = limits.policy
    return Plan(
        policy=policy,
        deployments=order.deployments,
        max_attempts=limits.max_attempts,
        timeout=request.timeout,
        timeouts=policy.timeouts.tightened(
            first_content=routing.first_content_timeout,
            idle=routing.idle_timeout,
            attempt=routing.attempt_timeout,
        ),
        retries=policy.retries,
        hedging_rule=limits.hedging,
        hedging=_UNDECIDED,
        priority=routing.priority,
        previous_attempts=request.previous_attempts,
        tokens=limits.profile.input_tokens + limits.profile.output_tokens,
        stream_recovery=routing.stream_recovery or policy.stream_recovery,
        consistency=limits.consistency,
        streaming=request.streaming,
        has_side_effects=routing.has_side_effects,
        failover_on_refusal=policy.failover_on_refusal,
        may_reason=request.prompt.reasoning.effort is not ReasoningEffort.NONE,
        max_output_tokens=request.prompt.sampling.max_output_tokens,
        latency_budget=routing.latency_budget,
        zero_data_retention=limits.constraints.zero_data_retention,
        no_training=limits.constraints.no_training,
    )


def _error(
    candidates: Sequence[Candidate], limits: Limits
) -> NoEligibleDeploymentError | TenantBudgetExhaustedError:
    """Return the error: whether the budget alone excludes something, and when it may cover it."""
    budget = limits.budget
    over_budget = [
        candidate
        for candidate in candidates
        if all(each.reason is ExclusionReason.TENANT_BUDGET for each in candidate.exclusions)
    ]
    if budget is None or not over_budget:
        return NoEligibleDeploymentError(candidates)
    waits: list[float] = []
    for candidate in over_budget:
        needed = limits.worst_case_cost(candidate.deployment.model)
        if needed is None:
            continue
        if budget.downgrade is not None and candidate.deployment.model.tier < limits.min_tier:
            needed = max(needed, budget.rule.usd * (1 - budget.downgrade.threshold))
        wait = budget.wait(needed)
        if wait is not None:
            waits.append(max(BUDGET_PUSHBACK, wait))
    return TenantBudgetExhaustedError(candidates, retry_after=min(waits, default=None))
