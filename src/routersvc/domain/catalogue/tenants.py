"""Tenants: who owns a request, which policies are open to it, and what it may never loosen."""

from __future__ import annotations

import dataclasses

from routersvc.domain.catalogue.constraints import (
    UNLIMITED,
    Constraints,
)
from routersvc.domain.catalogue.modes import (
    HedgingMode,
)
from routersvc.domain.catalogue.weights import (
    NO_WISHES,
    WeightWishes,
)
from routersvc.domain.measures.call_rates import (
    CallRateRule,
)
from routersvc.domain.measures.cost_budgets import (
    CostBudgetRule,
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Tenant:
    """The authenticated owner of a request; an empty name is nobody in particular.

    An empty `default_policy` is the router's own, no `allowed_policies` are all of them. `weights`
    take the place of the policy's, and `hedging` that of its mode.
    """

    name: str
    default_policy: str = ""
    allowed_policies: frozenset[str] = frozenset()
    constraints: Constraints = UNLIMITED
    weights: WeightWishes = NO_WISHES
    budget: CostBudgetRule | None = None
    rate: CallRateRule | None = None
    hedging: HedgingMode | None = None

    def may_use(self, policy: str) -> bool:
        """Whether a policy is open to this tenant."""
        return not self.allowed_policies or policy in self.allowed_policies


ANONYMOUS = Tenant(name="")
"""Everybody, where the configuration knows no tenants."""
