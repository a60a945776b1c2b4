"""Everything a deployment is held against for one request."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from routersvc.domain.catalogue.constraints import (
    MergedConstraints,
)
from routersvc.domain.catalogue.modes import (
    ConsistencyMode,
    OrderMode,
)
from routersvc.domain.catalogue.policies import (
    HedgingRule,
    Policy,
)
from routersvc.domain.catalogue.requests import (
    Request,
)
from routersvc.domain.catalogue.weights import (
    Weights,
)
from routersvc.domain.measures.cost_budgets import (
    BudgetStanding,
)
from routersvc.domain.outcomes.degradations import (
    Degradation,
)
from routersvc.domain.profiling.profiles import (
    Profile,
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Everything a deployment is held against for one request.

    `constraints` are those of request, policy and tenant together. `models` are catalogue names,
    aliases resolved; empty means all. `wire_formats` are those that the request's wire extensions
    are for. `policy_choice` says how the policy came to be chosen, `degradation` that money was
    short for a better one. `budget` is how the tenant's stands; it has to cover `billed_attempts`,
    and models stronger than tier `min_tier` are too dear for what is left of it. `listed` are the
    deployments of the policy, or of its rule that matched, which `rule` names. `preferred` gives
    models their place before all others.
    """

    request: Request
    policy: Policy
    constraints: MergedConstraints
    profile: Profile
    models: frozenset[str]
    wire_formats: frozenset[str]
    max_attempts: int
    listed: tuple[str, ...]
    order: OrderMode
    weights: Weights
    hedging: HedgingRule
    rule: str = ""
    preferred: Mapping[str, int] = dataclasses.field(default_factory=dict[str, int])
    policy_choice: str = ""
    degradation: Degradation | None = None
    billed_attempts: int = 1
    budget: BudgetStanding | None = None
    min_tier: int = 0

    @property
    def consistency(self) -> ConsistencyMode:
        """How far an answer may move from the first choice."""
        return self.request.routing.consistency or self.policy.consistency

    @property
    def allow_degraded(self) -> bool:
        """Whether a weaker model than the first choice may answer."""
        allowed = self.request.routing.allow_degraded
        return self.policy.allow_degraded if allowed is None else allowed
