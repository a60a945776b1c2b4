"""Tenants: the owners of requests, with their policies, constraints, budgets and rate limits."""

from __future__ import annotations

import dataclasses

from routersvc.domain.catalogue.constraints import UNLIMITED, Constraints
from routersvc.domain.catalogue.modes import HedgingMode
from routersvc.domain.catalogue.ranking_goals import NO_GOAL_WISHES, GoalWishes
from routersvc.domain.catalogue.weights import NO_WISHES, WeightWishes
from routersvc.domain.measures.call_rates import CallRateRule
from routersvc.domain.measures.cost_budgets import CostBudgetRule
from routersvc.domain.measures.token_rates import TokenRateRule


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Tenant:
    """The authenticated owner of a request; the name is empty for an anonymous one.

    An empty `default_policy` means that of the router, empty `allowed_policies` mean all. `weights`
    or `worth` override what the policy ranks by, and `hedging` its mode.
    """

    name: str
    default_policy: str = ""
    allowed_policies: frozenset[str] = frozenset()
    constraints: Constraints = UNLIMITED
    weights: WeightWishes = NO_WISHES
    worth: GoalWishes = NO_GOAL_WISHES
    budget: CostBudgetRule | None = None
    rate: CallRateRule | None = None
    tokens: TokenRateRule | None = None
    max_concurrent_calls: int | None = None
    hedging: HedgingMode | None = None

    def may_use(self, policy: str) -> bool:
        """Whether this tenant may use a policy."""
        return not self.allowed_policies or policy in self.allowed_policies


ANONYMOUS = Tenant(name="")
"""The tenant of every request if the configuration has no tenants."""
