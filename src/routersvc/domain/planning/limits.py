"""Everything that decides whether a deployment may serve one request."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.constraints import REQUEST, MergedConstraints
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.modes import ConsistencyMode, OrderMode
from routersvc.domain.catalogue.policies import HedgingRule, Policy
from routersvc.domain.catalogue.ranking_goals import RankingGoal
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.conversation.reasoning import ReasoningEffort
from routersvc.domain.measures.cost_budgets import BudgetStanding
from routersvc.domain.outcomes.degradations import Degradation
from routersvc.domain.profiling.profiles import Profile
from routersvc.domain.values import Value


class FixedLimits(NamedTuple):
    """Everything that fixed constraints may read of a request, its policy and its tenant.

    Also the key under which `Eligibility` remembers what they leave, so that they cannot depend on
    anything outside the key. Every field is hashable and repeats across requests: names that
    callers can invent are reduced to those of the catalogue. A tuple, because it is hashed for
    every request.

    `listed` are the deployments of the policy, or of its rule that matched. `models` are names of
    the catalogue, empty for all. `data_classes` are those found in the prompt and those stated.
    """

    listed: tuple[str, ...]
    data_classes: frozenset[str]
    allowed_regions: frozenset[str] | None
    zero_data_retention: bool
    no_training: bool
    allowed_providers: frozenset[str] | None
    denied_providers: frozenset[str]
    capabilities: frozenset[Capability]
    wire_formats: frozenset[str]
    models: frozenset[str]
    pinned_deployment: str
    effort: ReasoningEffort | None

    @classmethod
    def of(
        cls,
        constraints: MergedConstraints,
        *,
        listed: tuple[str, ...],
        found_data_classes: frozenset[str] = frozenset(),
        capabilities: frozenset[Capability] = frozenset(),
        wire_formats: frozenset[str] = frozenset(),
        models: frozenset[str] = frozenset(),
        pinned_deployment: str = "",
        effort: ReasoningEffort | None = None,
    ) -> FixedLimits:
        """Return the limits of a request with these needs; by default it needs nothing."""
        stated = constraints.data_classes
        return cls(
            listed=listed,
            data_classes=found_data_classes | stated if stated else found_data_classes,
            allowed_regions=constraints.allowed_regions,
            zero_data_retention=constraints.zero_data_retention,
            no_training=constraints.no_training,
            allowed_providers=constraints.allowed_providers,
            denied_providers=constraints.denied_providers,
            capabilities=capabilities,
            wire_formats=wire_formats,
            models=models,
            pinned_deployment=pinned_deployment,
            effort=effort,
        )

    def among_regions(self, known: frozenset[str]) -> FixedLimits:
        """Return these limits without the allowed regions that no deployment has."""
        regions = self.allowed_regions
        if regions is None or regions <= known:
            return self
        return self._replace(allowed_regions=regions & known)


class Limits(Value, frozen=True, kw_only=True):
    """Everything that decides whether a deployment may serve one request, and in which order.

    `constraints` are those of request, policy and tenant combined; `fixed` is the part that does
    not depend on the size of the request. `rule` names the rule of the policy that matched.
    `policy_choice` says why this policy applies, `degradation` that a low budget replaced a better
    one. The tenant's `budget` has to cover `billed_attempts`; models stronger than tier `min_tier`
    are excluded to save it. `preferred` maps models to their place before all others.
    """

    request: Request
    policy: Policy
    constraints: MergedConstraints
    fixed: FixedLimits
    profile: Profile
    max_attempts: int
    order: OrderMode
    goal: RankingGoal
    hedging: HedgingRule
    rule: str = ""
    preferred: Mapping[str, int] = msgspec.field(default_factory=dict[str, int])
    policy_choice: str = ""
    degradation: Degradation | None = None
    billed_attempts: int = 1
    budget: BudgetStanding | None = None
    min_tier: int = 0

    @property
    def consistency(self) -> ConsistencyMode:
        """Which models may stand in for the first choice."""
        return self.request.routing.consistency or self.policy.consistency

    @property
    def allow_degraded(self) -> bool:
        """Whether a model of a weaker tier than the first choice may answer."""
        allowed = self.request.routing.allow_degraded
        return self.policy.allow_degraded if allowed is None else allowed

    def expected_cost(self, model: Model) -> float | None:
        """Return the price of one complete answer in US dollars, `None` if no price is known.

        That of the requested service tier, with a prompt that is written to the cache if marked,
        in tokens of the model's own tokenizer: they decide the step of its prices.
        """
        prices = model.prices
        if prices is None:
            return None
        profile = self.profile
        return prices.cost_of(
            math.ceil(profile.input_tokens * model.token_ratio),
            profile.output_tokens,
            tier=profile.service_tier,
            written=profile.cache_lifetime,
        )

    def worst_case_cost(self, model: Model) -> float | None:
        """Return the price in US dollars if every attempt is billed as one complete answer.

        Failovers, hedges and recoveries are attempts too. `None` if no price is known.
        """
        cost = self.expected_cost(model)
        return None if cost is None else cost * self.billed_attempts

    def owners_of(self, name: str) -> str:
        """Return a phrase that says who set a constraint; empty for the request alone."""
        sources = self.constraints.sources.get(name, ())
        return "" if sources == (REQUEST,) else f" of {' and '.join(sources)}"
