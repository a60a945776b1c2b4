"""From a request to a plan: choose the policy, drop what may not serve, order what is left.

Pure: the same configuration, request and snapshot give the same plan.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from routersvc.domain.catalogue import Catalogue, Deployment
from routersvc.domain.constraints import Limits, exclusions, expected_cost, fits_window
from routersvc.domain.equals import Balance, balanced, in_order
from routersvc.domain.errors import (
    NoEligibleDeploymentError,
    UnknownNameError,
    UnknownPolicyError,
)
from routersvc.domain.plans import Candidate, HedgingPlan, Plan, Profile, ScorePart
from routersvc.domain.policies import (
    ConsistencyMode,
    HedgingMode,
    HedgingRule,
    OrderMode,
    Policy,
)
from routersvc.domain.profiles import Profiler
from routersvc.domain.requests import Request
from routersvc.domain.token_estimates import TokenEstimate


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Planner:
    """Plans requests against one configuration."""

    catalogue: Catalogue
    policies: Mapping[str, Policy]
    default_policy: str
    profiler: Profiler = dataclasses.field(default_factory=Profiler)

    def limits(self, request: Request) -> Limits:
        """Return what deployments are held against for `request`.

        Raises:
            UnknownPolicyError: the request names a policy that does not exist.
            UnknownNameError: it names a model, provider or deployment that does not exist.
        """
        policy_name = request.routing.policy or self.default_policy
        policy = self.policies.get(policy_name)
        if policy is None:
            raise UnknownPolicyError(policy_name, sorted(self.policies))
        self._check_names(request)
        return Limits(
            request=request,
            policy=policy,
            profile=self._profile(request, policy),
            models=frozenset(self._model_name(name) for name in request.routing.required_models),
            wire_formats=frozenset(
                extension.wire_format for extension in request.prompt.wire_extensions
            ),
        )

    def eligible(self, limits: Limits) -> tuple[Deployment, ...]:
        """Return the deployments that may serve, best first.

        Raises:
            NoEligibleDeploymentError: there is none; it carries the reason for each.
        """
        listed = [
            self.catalogue.deployments[name]
            for name in limits.policy.deployments
            if name in self.catalogue.deployments
        ]
        allowed = [deployment for deployment in listed if not exclusions(deployment, limits)]
        if not allowed:
            raise NoEligibleDeploymentError(
                [_candidate(deployment, limits) for deployment in listed]
            )
        return tuple(self._ranked(allowed, limits))

    def candidates(self, limits: Limits) -> tuple[Candidate, ...]:
        """Return every deployment with score or exclusions, the eligible first, in order."""
        try:
            ranked = self.eligible(limits)
        except NoEligibleDeploymentError:
            ranked = ()
        served = {deployment.name for deployment in ranked}
        others = [
            _candidate(deployment, limits)
            for name, deployment in sorted(self.catalogue.deployments.items())
            if name not in served
        ]
        count = len(ranked)
        preferred = {self._model_name(name) for name in limits.request.routing.preferred_models}
        return (
            *(
                dataclasses.replace(
                    _candidate(deployment, limits),
                    score=(count - place) / count,
                    score_parts=(
                        ScorePart(
                            name="order",
                            value=(count - place) / count,
                            weight=1.0,
                            description="the request prefers this model"
                            if deployment.model.name in preferred
                            else f"place {limits.policy.deployments.index(deployment.name) + 1} "
                            f"in the policy's order",
                        ),
                    ),
                )
                for place, deployment in enumerate(ranked)
            ),
            *others,
        )

    def plan(self, limits: Limits, balance: Balance = in_order) -> Plan:
        """Return what to do for a request, with no hedge decided on yet.

        `balance` orders deployments of one model where the policy lets them share their load.

        Raises:
            NoEligibleDeploymentError: constraints exclude every deployment.
        """
        request = limits.request
        routing = request.routing
        policy = limits.policy
        deployments = self.eligible(limits)
        if policy.order is OrderMode.BALANCED:
            deployments = balanced(deployments, balance)
        max_attempts = policy.max_attempts
        if routing.max_attempts is not None:
            max_attempts = min(max_attempts, routing.max_attempts)
        return Plan(
            policy=policy,
            deployments=deployments,
            max_attempts=max_attempts,
            timeout=request.timeout,
            timeouts=policy.timeouts.tightened(
                first_content=routing.first_content_timeout,
                idle=routing.idle_timeout,
                attempt=routing.attempt_timeout,
            ),
            retries=policy.retries,
            hedging_rule=_hedging_rule(limits),
            hedging=_UNDECIDED,
            priority=routing.priority,
            previous_attempts=request.previous_attempts,
            tokens=limits.profile.input_tokens + limits.profile.output_tokens,
            stream_recovery=routing.stream_recovery or policy.stream_recovery,
            consistency=routing.consistency or policy.consistency,
            streaming=request.streaming,
            has_side_effects=routing.has_side_effects,
            failover_on_refusal=policy.failover_on_refusal,
            latency_budget=routing.latency_budget,
        )

    def policy_choice(self, request: Request) -> str:
        """Describe how the policy came to be chosen."""
        return "named by the request" if request.routing.policy else "the default policy"

    def _profile(self, request: Request, policy: Policy) -> Profile:
        """Return the profile, its tokens counted where a window of the policy is too near."""
        profile = self.profiler.profile(request)
        models = {
            deployment.model
            for name in policy.deployments
            if (deployment := self.catalogue.deployments.get(name)) is not None
        }

        def is_open(tokens: TokenEstimate) -> bool:
            return any(
                fits_window(model, request, profile, tokens.low)
                and not fits_window(model, request, profile, tokens.high)
                for model in models
            )

        return self.profiler.settled(request, profile, is_open)

    def _ranked(self, allowed: Sequence[Deployment], limits: Limits) -> list[Deployment]:
        """Order by the request's preferred models, then by the policy's own order."""
        routing = limits.request.routing
        preferred = {
            self._model_name(name): place for place, name in enumerate(routing.preferred_models)
        }
        ranked = sorted(
            allowed, key=lambda deployment: preferred.get(deployment.model.name, len(preferred))
        )
        consistency = routing.consistency or limits.policy.consistency
        if consistency is ConsistencyMode.EQUIVALENT:
            first = ranked[0].model
            same = first.equivalent_to | {first.name}
            ranked = [deployment for deployment in ranked if deployment.model.name in same]
        return ranked

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
        models = self.catalogue.models | self.catalogue.aliases.keys()
        providers = self.catalogue.providers
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


def _hedging_rule(limits: Limits) -> HedgingRule:
    """Return the policy's rule with what the request says of it."""
    routing = limits.request.routing
    rule = limits.policy.hedging
    if routing.hedging_mode is None and routing.hedge_delay is None:
        return rule
    return dataclasses.replace(
        rule,
        mode=routing.hedging_mode or rule.mode,
        delay=routing.hedge_delay if routing.hedge_delay is not None else rule.delay,
    )


def _candidate(deployment: Deployment, limits: Limits) -> Candidate:
    return Candidate(
        deployment=deployment,
        exclusions=exclusions(deployment, limits),
        expected_cost_usd=expected_cost(deployment, limits.profile),
    )
