"""Tenants: who owns a request, which policies are open to it, and what it may never loosen."""

from __future__ import annotations

import dataclasses

from routersvc.domain.call_rates import CallRateRule
from routersvc.domain.constraint_merging import UNLIMITED, Constraints
from routersvc.domain.cost_budgets import CostBudgetRule


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TenantWeights:
    """How much quality, cost and latency count in ranking; unset leaves it to the policy."""

    quality: float | None = None
    cost: float | None = None
    latency: float | None = None

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            weight = getattr(self, field.name)
            if weight is not None and not weight >= 0:
                raise ValueError(f"`{field.name}` is at least 0, not {weight}")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Tenant:
    """The authenticated owner of a request; an empty name is nobody in particular.

    An empty `default_policy` is the router's own, no `allowed_policies` are all of them. `weights`
    are kept for ranking.
    """

    name: str
    default_policy: str = ""
    allowed_policies: frozenset[str] = frozenset()
    constraints: Constraints = UNLIMITED
    weights: TenantWeights = TenantWeights()
    budget: CostBudgetRule | None = None
    rate: CallRateRule | None = None

    def may_use(self, policy: str) -> bool:
        """Whether a policy is open to this tenant."""
        return not self.allowed_policies or policy in self.allowed_policies


ANONYMOUS = Tenant(name="")
"""Everybody, where the configuration knows no tenants."""
