"""Combines what request, tenant and policy say into the limits of one request."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.constraints import MergedConstraints
from routersvc.domain.catalogue.modes import OrderMode
from routersvc.domain.catalogue.policies import HedgingRule, Policy
from routersvc.domain.catalogue.ranking_goals import goal_of
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.route_rules import RouteQuestion, RouteRule, first_match
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.catalogue.tenants import ANONYMOUS, Tenant
from routersvc.domain.conversation.steps import Steps
from routersvc.domain.measures.cost_budgets import BudgetStanding
from routersvc.domain.outcomes.errors import UnknownNameError, UnknownTenantError
from routersvc.domain.planning.eligibility import windows_of
from routersvc.domain.planning.limits import FixedLimits, Limits
from routersvc.domain.planning.policy_choices import PolicyChoice, choose_policy
from routersvc.domain.profiling.profiles import Profile, Profiler
from routersvc.domain.profiling.token_estimates import TokenEstimate

_NONE = frozenset[str]()


class LimitsResolver:
    """Resolves requests into limits by one configuration. Without `tenants`, all are anonymous."""

    __slots__ = (
        "_catalogue",
        "_classifying",
        "_default_policy",
        "_models",
        "_policies",
        "_profiler",
        "_providers",
        "_regions",
        "_tenants",
        "_windows",
    )

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        policies: Mapping[str, Policy],
        default_policy: str,
        tenants: Mapping[str, Tenant],
        profiler: Profiler,
    ) -> None:
        self._catalogue = catalogue
        self._policies = policies
        self._default_policy = default_policy
        self._tenants = tenants
        self._profiler = profiler
        self._models = catalogue.models | catalogue.aliases.keys()
        self._providers = catalogue.providers
        self._regions = catalogue.regions
        self._classifying = frozenset(
            name for name, policy in policies.items() if _has_rule_on_task(policy)
        )
        self._windows = windows_of(
            catalogue, {name: policy.reachable for name, policy in policies.items()}
        )

    def tenant(self, name: str) -> Tenant:
        """Return the tenant of this name.

        Raises:
            UnknownTenantError: tenants are configured, and none has this name.
        """
        tenant = self._tenants.get(name)
        if tenant is not None:
            return tenant
        if self._tenants:
            raise UnknownTenantError
        return ANONYMOUS

    def profiling(
        self, request: Request, budget: BudgetStanding | None, *, in_full: bool = False
    ) -> Steps[tuple[PolicyChoice, Profile]]:
        """Return the policy of `request` and its profile, in steps: what `resolve` starts with.

        Task and complexity are determined if a rule or a ranking asks for them, or `in_full`.

        Raises:
            UnknownTenantError: tenants are configured, and the request names none of them.
            PolicyNotAllowedError: the request names a policy that its tenant may not use.
            UnknownPolicyError: the request names a policy that does not exist.
            UnknownNameError: it names a model, provider or deployment that does not exist.
        """
        tenant = self.tenant(request.tenant)
        choice = choose_policy(
            request, tenant, self._policies, default_policy=self._default_policy, budget=budget
        )
        self._check_names(request)
        policy = choice.policy
        profile = yield from self._profiler.profiling(
            request, classifies=in_full or self._asks_for_task(policy, request.routing)
        )
        windows = self._windows[policy.name]
        reserve = choice.constraints.context_reserve_tokens

        def is_too_vague(tokens: TokenEstimate) -> bool:
            return windows.undecided(profile, tokens, reserve=reserve)

        # Tokens are counted if an estimate cannot decide what fits.
        return choice, (yield from self._profiler.refining_tokens(request, profile, is_too_vague))

    def _asks_for_task(self, policy: Policy, routing: Routing) -> bool:
        """Whether the route depends on a task or a complexity that the caller does not state."""
        if routing.task is not None and routing.complexity is not None:
            return False
        return policy.name in self._classifying or (
            _order_mode(policy, None, routing) is OrderMode.RANKED
        )

    def resolve(
        self,
        request: Request,
        budget: BudgetStanding | None,
        *,
        at: float,
        profiled: tuple[PolicyChoice, Profile],
    ) -> Limits:
        """Return the limits of `request` from the result of `profiling`.

        `budget` is the state of its tenant's budget, `at` the time in seconds since the epoch.
        """
        choice, profile = profiled
        tenant = self.tenant(request.tenant)
        routing = request.routing
        policy = choice.policy
        rule = _rule(policy, profile, request, at)
        max_attempts = _max_attempts(policy, routing)
        return Limits(
            request=request,
            policy=policy,
            constraints=choice.constraints,
            fixed=self._fixed(
                request,
                choice.constraints,
                profile,
                policy.deployments if rule is None else rule.deployments,
            ),
            profile=profile,
            rule="" if rule is None else rule.name,
            order=_order_mode(policy, rule, routing),
            goal=goal_of(
                policy.goal, (tenant.weights, tenant.worth), (routing.weights, routing.worth)
            ),
            hedging=_hedging_rule(policy, tenant, routing),
            preferred={
                self._model_name(name): place for place, name in enumerate(routing.preferred_models)
            },
            max_attempts=max_attempts,
            billed_attempts=min(max_attempts, _attempts_at_most(policy, routing)),
            policy_choice=choice.description,
            degradation=choice.degradation,
            budget=budget,
            min_tier=choice.min_tier,
        )

    def _fixed(
        self,
        request: Request,
        constraints: MergedConstraints,
        profile: Profile,
        listed: tuple[str, ...],
    ) -> FixedLimits:
        """Return the limits that fixed constraints see."""
        extensions = request.prompt.wire_extensions
        required = request.routing.required_models
        return FixedLimits.of(
            constraints,
            listed=listed,
            found_data_classes=profile.data_classes,
            capabilities=profile.capabilities,
            wire_formats=frozenset(extension.wire_format for extension in extensions)
            if extensions
            else _NONE,
            models=frozenset(map(self._model_name, required)) if required else _NONE,
            pinned_deployment=request.routing.pinned_deployment,
            effort=request.prompt.reasoning.effort,
        ).among_regions(self._regions)

    def _model_name(self, name: str) -> str:
        return self._catalogue.aliases.get(name, name)

    def _check_names(self, request: Request) -> None:
        """Refuse unknown names: a typo never silently widens or empties a choice."""
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
        if pinned and pinned not in self._catalogue.deployments:
            raise UnknownNameError(
                field="routing.pinned_deployment",
                name=pinned,
                known=sorted(self._catalogue.deployments),
            )


def _has_rule_on_task(policy: Policy) -> bool:
    """Whether a rule of the policy depends on the task or the complexity."""
    return any(rule.match.depends_on_task for rule in policy.rules)


def _rule(policy: Policy, profile: Profile, request: Request, at: float) -> RouteRule | None:
    """Return the rule that matches, `None` if the order of the policy applies."""
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
    """Return the order mode: fixed by a rule, ranked if the request weighs objectives."""
    if rule is not None:
        return OrderMode.FIXED
    if (routing.weights or routing.worth) and policy.order is OrderMode.BALANCED:
        return OrderMode.RANKED
    return policy.order


def _hedging_rule(policy: Policy, tenant: Tenant, routing: Routing) -> HedgingRule:
    """Return the policy's rule as the tenant and then the request override it."""
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


def _attempts_at_most(policy: Policy, routing: Routing) -> int:
    """Return how many attempts are possible: every deployment is tried once, then retried."""
    deployments = 1 if routing.pinned_deployment else len(policy.reachable)
    return deployments * (1 + policy.retries.max_retries)
