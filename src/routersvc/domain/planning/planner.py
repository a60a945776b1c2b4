"""From a request to a plan: choose the policy, drop what may not serve, order what is left.

Pure: the same configuration, request and snapshot give the same plan.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from routersvc.domain.catalogue.catalogue import (
    Catalogue,
)
from routersvc.domain.catalogue.constraints import (
    MergedConstraints,
)
from routersvc.domain.catalogue.deployments import (
    Deployment,
)
from routersvc.domain.catalogue.modes import (
    HedgingMode,
    OrderMode,
)
from routersvc.domain.catalogue.policies import (
    HedgingRule,
    Policy,
)
from routersvc.domain.catalogue.requests import (
    Request,
)
from routersvc.domain.catalogue.route_rules import (
    RouteQuestion,
    RouteRule,
    first_match,
)
from routersvc.domain.catalogue.routing import (
    Routing,
)
from routersvc.domain.catalogue.tenants import (
    ANONYMOUS,
    Tenant,
)
from routersvc.domain.catalogue.weights import (
    weighed,
)
from routersvc.domain.measures.cost_budgets import (
    BudgetStanding,
)
from routersvc.domain.outcomes.errors import (
    UnknownNameError,
    UnknownTenantError,
)
from routersvc.domain.planning.candidates import (
    Candidate,
)
from routersvc.domain.planning.deployment_orders import (
    DeploymentOrder,
    ordered,
)
from routersvc.domain.planning.eligibility import (
    Eligibility,
    windows_of,
)
from routersvc.domain.planning.exclusion_reasons import (
    ExclusionReason,
)
from routersvc.domain.planning.exclusions import (
    most_cost,
)
from routersvc.domain.planning.limits import (
    Limits,
)
from routersvc.domain.planning.live_stats import (
    BLANK,
    LiveView,
)
from routersvc.domain.planning.planning_errors import (
    NoEligibleDeploymentError,
    TenantBudgetExhaustedError,
)
from routersvc.domain.planning.plans import (
    HedgingPlan,
    Plan,
)
from routersvc.domain.planning.policy_choices import (
    choose_policy,
)
from routersvc.domain.planning.scored_candidates import (
    candidates,
    excluded,
)
from routersvc.domain.profiling.profiles import (
    Profile,
    Profiler,
)
from routersvc.domain.profiling.token_estimates import (
    TokenEstimate,
)

BUDGET_PUSHBACK = 1.0
"""Seconds a caller waits at least for a budget: long enough for a call to end and settle."""


class Planner:
    """Plans requests against one configuration. Without `tenants` everybody is anonymous."""

    __slots__ = (
        "_eligibility",
        "_models",
        "_providers",
        "_windows",
        "catalogue",
        "default_policy",
        "policies",
        "profiler",
        "tenants",
    )

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
        self.policies = policies
        self.default_policy = default_policy
        self.tenants = tenants or {}
        self.profiler = profiler or Profiler()
        self._eligibility = Eligibility(catalogue)
        self._models = catalogue.models | catalogue.aliases.keys()
        self._providers = catalogue.providers
        self._windows = windows_of(
            catalogue, {name: policy.reachable for name, policy in policies.items()}
        )

    def limits(
        self, request: Request, budget: BudgetStanding | None = None, *, at: float = 0.0
    ) -> Limits:
        """Return what deployments are held against for `request`.

        `budget` is how that of its tenant stands, `at` the time in seconds since the epoch.

        Raises:
            UnknownTenantError: nobody knows whose the request is.
            PolicyNotAllowedError: the request names a policy that its tenant may not use.
            UnknownPolicyError: the request names a policy that does not exist.
            UnknownNameError: it names a model, provider or deployment that does not exist.
        """
        tenant = self.tenant(request.tenant)
        routing = request.routing
        choice = choose_policy(
            request, tenant, self.policies, default_policy=self.default_policy, budget=budget
        )
        policy = choice.policy
        self._check_names(request)
        profile = self._profile(request, policy, choice.constraints)
        rule = _rule(policy, profile, request, at)
        return Limits(
            request=request,
            policy=policy,
            constraints=choice.constraints,
            profile=profile,
            models=frozenset(self._model_name(name) for name in routing.required_models),
            wire_formats=frozenset(
                extension.wire_format for extension in request.prompt.wire_extensions
            ),
            listed=policy.deployments if rule is None else rule.deployments,
            rule="" if rule is None else rule.name,
            order=_order_mode(policy, rule, routing),
            weights=weighed(policy.weights, tenant.weights, routing.weights),
            hedging=_hedging_rule(policy, tenant, routing),
            preferred={
                self._model_name(name): place for place, name in enumerate(routing.preferred_models)
            },
            max_attempts=_max_attempts(policy, routing),
            billed_attempts=_billed_attempts(policy, routing),
            policy_choice=choice.description,
            degradation=choice.degradation,
            budget=budget,
            min_tier=choice.min_tier,
        )

    def tenant(self, name: str) -> Tenant:
        """Return the tenant of this name.

        Raises:
            UnknownTenantError: there are tenants, and this is none of them.
        """
        tenant = self.tenants.get(name)
        if tenant is not None:
            return tenant
        if self.tenants:
            raise UnknownTenantError
        return ANONYMOUS

    def eligible(self, limits: Limits) -> Sequence[Deployment]:
        """Return the deployments that may serve, as the policy or its rule lists them.

        Raises:
            NoEligibleDeploymentError: there is none; it carries the reason for each.
            TenantBudgetExhaustedError: there is none, because they cost more than the tenant has.
        """
        allowed = self._eligibility.find(limits)
        if not allowed:
            listed = self._eligibility.listed(limits.listed)
            raise _nothing_eligible(excluded(listed, limits), limits)
        return allowed

    def order(self, limits: Limits, view: LiveView = BLANK) -> DeploymentOrder:
        """Return the deployments that may serve in the order in which to try them.

        Raises:
            NoEligibleDeploymentError: constraints exclude every deployment.
            TenantBudgetExhaustedError: what they left costs more than the tenant has.
        """
        return ordered(self.eligible(limits), limits, view)

    def candidates_of(
        self, order: DeploymentOrder | None, limits: Limits, view: LiveView
    ) -> tuple[Candidate, ...]:
        """Return every deployment with score or exclusions; `None` where nothing may serve."""
        everything = [
            self.catalogue.deployments[name] for name in sorted(self.catalogue.deployments)
        ]
        if order is None:
            return tuple(excluded(everything, limits))
        served = {deployment.name for deployment in order.deployments}
        others = [deployment for deployment in everything if deployment.name not in served]
        return candidates(order, others, limits, view)

    def plan(self, limits: Limits, view: LiveView = BLANK) -> Plan:
        """Return what to do for a request, with no hedge decided on yet.

        Raises:
            NoEligibleDeploymentError: constraints exclude every deployment.
            TenantBudgetExhaustedError: what they left costs more than the tenant has.
        """
        return self.plan_of(self.order(limits, view), limits)

    def plan_of(self, order: DeploymentOrder, limits: Limits) -> Plan:
        """Return what to do for a request whose deployments are in order."""
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
            latency_budget=routing.latency_budget,
            zero_data_retention=limits.constraints.zero_data_retention,
            no_training=limits.constraints.no_training,
        )

    def _profile(self, request: Request, policy: Policy, constraints: MergedConstraints) -> Profile:
        """Return the profile, its tokens counted where a window of the policy is too near."""
        profile = self.profiler.profile(request)
        windows = self._windows[policy.name]

        def is_open(tokens: TokenEstimate) -> bool:
            return windows.are_open(profile, tokens, reserve=constraints.context_reserve_tokens)

        return self.profiler.settled(request, profile, is_open)

    def _model_name(self, name: str) -> str:
        return self.catalogue.aliases.get(name, name)

    def _check_names(self, request: Request) -> None:
        """Refuse names that nothing has: a typo never quietly widens or empties a choice."""
        routing = request.routing
        constraints = routing.constraints
        named = (
            routing.required_models,
            routing.preferred_models,
            constraints.allowed_providers,
            constraints.denied_providers,
            routing.pinned_deployment,
        )
        if not any(named):
            return
        models = self._models
        providers = self._providers
        for field, names, known in (
            ("routing.required_models", routing.required_models, models),
            ("routing.preferred_models", routing.preferred_models, models),
            ("routing.constraints.allowed_providers", constraints.allowed_providers, providers),
            ("routing.constraints.denied_providers", constraints.denied_providers, providers),
        ):
            for name in names:
                if name not in known:
                    raise UnknownNameError(field=field, name=name, known=sorted(known))
        pinned = routing.pinned_deployment
        if pinned and pinned not in self.catalogue.deployments:
            raise UnknownNameError(
                field="routing.pinned_deployment",
                name=pinned,
                known=sorted(self.catalogue.deployments),
            )


_UNDECIDED = HedgingPlan(
    mode=HedgingMode.OFF, delay=None, max_parallel=1, description="not decided yet"
)


def _rule(policy: Policy, profile: Profile, request: Request, at: float) -> RouteRule | None:
    """Return the static rule that decides; `None` where the policy's own order does."""
    if not policy.rules:
        return None
    return first_match(
        policy.rules,
        RouteQuestion(
            task=profile.task,
            complexity=profile.complexity,
            input_tokens=profile.input_tokens,
            labels=request.routing.labels,
            tenant=request.tenant,
            at=at,
        ),
    )


def _order_mode(policy: Policy, rule: RouteRule | None, routing: Routing) -> OrderMode:
    """Return the mode in force: a rule is fixed, and who weighs objectives wants to have ranked."""
    if rule is not None:
        return OrderMode.FIXED
    if routing.weights and policy.order is OrderMode.BALANCED:
        return OrderMode.RANKED
    return policy.order


def _hedging_rule(policy: Policy, tenant: Tenant, routing: Routing) -> HedgingRule:
    """Return the policy's rule with what tenant and request say of it, the request last."""
    rule = policy.hedging
    mode = routing.hedging_mode or tenant.hedging
    if mode is None and routing.hedge_delay is None:
        return rule
    return dataclasses.replace(
        rule,
        mode=mode or rule.mode,
        delay=rule.delay if routing.hedge_delay is None else routing.hedge_delay,
    )


def _max_attempts(policy: Policy, routing: Routing) -> int:
    if routing.max_attempts is None:
        return policy.max_attempts
    return min(policy.max_attempts, routing.max_attempts)


def _billed_attempts(policy: Policy, routing: Routing) -> int:
    """Return how many attempts may be billed: each deployment is tried once and then retried."""
    deployments = 1 if routing.pinned_deployment else len(policy.reachable)
    return min(_max_attempts(policy, routing), deployments * (1 + policy.retries.max_retries))


def _nothing_eligible(
    candidates: Sequence[Candidate], limits: Limits
) -> NoEligibleDeploymentError | TenantBudgetExhaustedError:
    """Return the error that says whether money alone is missing, and when there may be more."""
    budget = limits.budget
    only_money = [
        candidate
        for candidate in candidates
        if all(each.reason is ExclusionReason.TENANT_BUDGET for each in candidate.exclusions)
    ]
    if budget is None or not only_money:
        return NoEligibleDeploymentError(candidates)
    waits: list[float] = []
    for candidate in only_money:
        needed = most_cost(candidate.deployment, limits)
        if needed is None:
            continue
        if budget.downgrade is not None and candidate.deployment.model.tier < limits.min_tier:
            needed = max(needed, budget.rule.usd * (1 - budget.downgrade.threshold))
        wait = budget.wait(needed)
        if wait is not None:
            waits.append(max(BUDGET_PUSHBACK, wait))
    return TenantBudgetExhaustedError(candidates, retry_after=min(waits, default=None))
