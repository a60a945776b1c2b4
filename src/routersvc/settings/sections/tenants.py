"""The `tenants` section: API keys, policies, constraints, rate limits and budgets."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from routersvc.domain.catalogue.modes import HedgingMode
from routersvc.domain.catalogue.ranking_goals import GoalWishes
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.measures.call_rates import CallRateRule
from routersvc.domain.measures.cost_budgets import BudgetDowngradeRule, CostBudgetRule
from routersvc.settings.sections.constraints import ConstraintsSection
from routersvc.settings.sections.weights import (
    Slack,
    WeightsSection,
    WorthOfQuality,
    WorthOfSecond,
)
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
    """Cheaper routing when most of the budget is used: `policy`, `min_tier` or both."""

    threshold: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.8, description="The used share of the budget at which the downgrade starts."
    )
    policy: Name | None = Field(
        default=None,
        description="The policy of all requests from then on: a name under `policies`. The "
        "constraints of the policy that it replaces still apply.",
    )
    min_tier: int | None = Field(
        default=None,
        ge=1,
        le=1_000,
        description="Models with a lower `tier`, which are stronger, are not called from then on.",
    )


class BudgetSection(Section):
    """A cost budget at catalogue prices, per replica."""

    usd: Annotated[float, Field(gt=0, le=1_000_000)] = Field(
        description="US dollars within any window. Each call first reserves the expected cost of "
        "all of its attempts, hedges included."
    )
    window: LongDuration = Field(default=86_400.0, description="The length of the sliding window.")
    downgrade: DowngradeSection | None = Field(
        default=None,
        description="Cheaper routing when most of the budget is used. If unset, nothing changes "
        "until the budget is exhausted.",
    )


class RateLimitSection(Section):
    """A rate limit, per replica."""

    calls: int = Field(
        ge=1,
        le=1_000_000,
        description="The number of calls per window, which is also the largest burst.",
    )
    window: Duration = Field(default=60.0, description="The length of the window.")


class TenantSection(Section):
    """An owner of requests."""

    api_keys: Annotated[tuple[Secret, ...], AfterValidator(unique)] = Field(
        default=(),
        description="The API keys of the tenant, sent as `authorization: Bearer KEY` or "
        "`x-api-key: KEY`. Several allow rotation. Required unless `anonymous`.",
    )
    anonymous: bool = Field(
        default=False,
        description="Whether calls without an API key belong to this tenant. They are rejected if "
        "no tenant is anonymous.",
    )
    policy: Name | None = Field(
        default=None,
        description="The policy of requests that name none. If unset, `default_policy`.",
    )
    allowed_policies: FilledNames | None = Field(
        default=None, description="The policies that requests can name. If unset, all."
    )
    constraints: ConstraintsSection = Field(
        default=ConstraintsSection(),
        description="Hard limits of all requests of the tenant. Requests and policies can only "
        "tighten them.",
    )
    worth_of_quality_usd: WorthOfQuality | None = Field(
        default=None,
        description="The US dollars that one right answer more is worth in ranking. If unset, "
        "what the policy ranks by.",
    )
    quality_slack: Slack | None = Field(
        default=None,
        description="Instead of `worth_of_quality_usd`: the cheapest model comes first whose "
        "expected quality is at most so much below the best.",
    )
    worth_of_second_usd: WorthOfSecond | None = Field(
        default=None,
        description="The US dollars that an answer one second earlier is worth in ranking. If "
        "unset, those of the policy.",
    )
    weights: WeightsSection = Field(
        default=WeightsSection(),
        description="The weights of quality, cost and latency in ranking, instead of keys in "
        "dollars. Each that is unset is taken from the policy, 1 if it has none.",
    )
    hedging: HedgingMode | None = Field(
        default=None,
        description="The hedging mode of requests that set none. If unset, the policy's.",
    )
    rate_limit: RateLimitSection | None = Field(
        default=None, description="Rate limit, per replica. If unset, no limit."
    )
    budget: BudgetSection | None = Field(
        default=None,
        description="Cost budget at catalogue prices, per replica. If unset, no limit.",
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
        weights=section.weights.value(),
        worth=GoalWishes(
            quality_usd=section.worth_of_quality_usd,
            slack=section.quality_slack,
            second_usd=section.worth_of_second_usd,
        ),
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
