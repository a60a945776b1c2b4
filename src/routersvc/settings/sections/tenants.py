"""The `tenants` section: who may call, with which policies, under which limits, for how much."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from routersvc.domain.catalogue.modes import (
    HedgingMode,
)
from routersvc.domain.catalogue.tenants import (
    Tenant,
)
from routersvc.domain.catalogue.weights import (
    WeightWishes,
)
from routersvc.domain.measures.call_rates import (
    CallRateRule,
)
from routersvc.domain.measures.cost_budgets import (
    BudgetDowngradeRule,
    CostBudgetRule,
)
from routersvc.settings.sections.constraints import ConstraintsSection
from routersvc.settings.sections.weights import TenantWeightsSection
from routersvc.settings.types.fields import (
    Duration,
    FilledNames,
    LongDuration,
    Name,
    Secret,
    Section,
    unique,
)


class DowngradeSection(Section):
    """What changes when most of the budget is used: `policy`, `min_tier` or both."""

    threshold: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.8, description="The share of the budget from which on it holds."
    )
    policy: Name | None = Field(
        default=None,
        description="This policy decides on every request then: a name under `policies`. "
        "The constraints of the one it stands in for go on to hold.",
    )
    min_tier: int | None = Field(
        default=None,
        ge=1,
        le=1_000,
        description="Models of a stronger tier, which is a lower number, are not called then.",
    )


class BudgetSection(Section):
    """What its requests may cost together, at catalogue prices, counted by each replica."""

    usd: Annotated[float, Field(gt=0, le=1_000_000)] = Field(
        description="US dollars in any window. A call first sets aside what all of its attempts "
        "are expected to cost, hedges included."
    )
    window: LongDuration = Field(
        default=86_400.0, description="The time that slides over what was spent."
    )
    downgrade: DowngradeSection | None = Field(
        default=None,
        description="What changes when most of it is used. Left out: nothing, until it is used up.",
    )


class RateLimitSection(Section):
    """How often it may call, counted by each replica."""

    calls: int = Field(
        ge=1,
        le=1_000_000,
        description="Calls that may come at once, and as many again spread over each window.",
    )
    window: Duration = Field(default=60.0, description="The time in which they are granted anew.")


class TenantSection(Section):
    """An owner of requests."""

    api_keys: Annotated[tuple[Secret, ...], AfterValidator(unique)] = Field(
        default=(),
        description="The keys by which its callers are known; several while one takes over from "
        "another. Needed unless `anonymous`.",
    )
    anonymous: bool = Field(
        default=False,
        description="`true` makes it the tenant of calls that carry no key, which are refused "
        "where no tenant is.",
    )
    policy: Name | None = Field(
        default=None,
        description="The policy of its requests that name none. Left out: `default_policy`.",
    )
    allowed_policies: FilledNames | None = Field(
        default=None, description="The policies that its requests may name. Left out: all."
    )
    constraints: ConstraintsSection = Field(
        default=ConstraintsSection(), description="Hard limits that its requests can only tighten."
    )
    weights: TenantWeightsSection = Field(
        default=TenantWeightsSection(), description="How much the objectives count in ranking."
    )
    hedging: HedgingMode | None = Field(
        default=None,
        description="The hedging mode of its requests that name none. Left out: the policy's.",
    )
    rate_limit: RateLimitSection | None = Field(
        default=None, description="How often it may call. Left out: no limit."
    )
    budget: BudgetSection | None = Field(
        default=None, description="What its requests may cost together. Left out: no limit."
    )


def tenant_of(name: str, section: TenantSection) -> Tenant:
    """Return the tenant that a section describes."""
    budget = section.budget
    return Tenant(
        name=name,
        default_policy=section.policy or "",
        allowed_policies=frozenset(section.allowed_policies or ()),
        constraints=section.constraints.value(),
        hedging=section.hedging,
        weights=WeightWishes(**section.weights.model_dump()),
        rate=None
        if section.rate_limit is None
        else CallRateRule(**section.rate_limit.model_dump()),
        budget=None
        if budget is None
        else CostBudgetRule(
            usd=budget.usd, window=budget.window, downgrade=_downgrade(budget.downgrade)
        ),
    )


def _downgrade(section: DowngradeSection | None) -> BudgetDowngradeRule | None:
    if section is None:
        return None
    return BudgetDowngradeRule(
        threshold=section.threshold, policy=section.policy or "", min_tier=section.min_tier or 0
    )
