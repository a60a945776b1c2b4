"""The `tenants` section: API keys, policies, constraints, rate limits and budgets."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from routersvc.domain.catalogue.modes import HedgingMode
from routersvc.domain.catalogue.ranking_goals import GoalWishes
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.measures.call_rates import CallRateRule
from routersvc.domain.measures.cost_budgets import BudgetDowngradeRule, CostBudgetRule
from routersvc.domain.measures.token_rates import TokenRateRule
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

KeyHash = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
"""The SHA-256 hash of an API key, in hexadecimal."""

LineOfText = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{1,512}$")]
"""A name that somebody else has chosen, spaces included."""

Identities = Annotated[tuple[LineOfText, ...], Field(min_length=1), AfterValidator(unique)]


class Method(enum.Enum):
    """A method of the router's services."""

    COMPLETE = "Complete"
    STREAM_COMPLETE = "StreamComplete"
    EXPLAIN_ROUTE = "ExplainRoute"
    PROVIDER_HEALTH = "ProviderHealth"
    LIST_MODELS = "ListModels"


Methods = Annotated[tuple[Method, ...], Field(min_length=1), AfterValidator(unique)]


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


class TokenLimitSection(Section):
    """A limit of tokens, per replica."""

    tokens: int = Field(
        ge=1,
        le=1_000_000_000_000,
        description="The number of input and output tokens per window, which is also the largest "
        "burst. A call takes the tokens that it is expected to use when it starts, and settles "
        "with those of all its attempts when it ends.",
    )
    window: Duration = Field(default=60.0, description="The length of the window.")


class TenantSection(Section):
    """An owner of requests."""

    api_keys: Annotated[tuple[Secret, ...], AfterValidator(unique)] = Field(
        default=(),
        description="The API keys of the tenant, sent as `authorization: Bearer KEY` or "
        "`x-api-key: KEY`. Several allow rotation. A tenant that is not `anonymous` has at least "
        "one of `api_keys`, `api_key_hashes`, `certificates` and `tokens`.",
    )
    api_key_hashes: Annotated[tuple[KeyHash, ...], AfterValidator(unique)] = Field(
        default=(),
        description="The API keys of the tenant as `sha256:` and 64 hexadecimal digits, so that "
        "the router does not have the keys themselves. Only for long random keys.",
    )
    certificates: Annotated[tuple[LineOfText, ...], AfterValidator(unique)] = Field(
        default=(),
        description="Client certificates of the tenant, by a URI of theirs, such as the SPIFFE ID "
        "`spiffe://example.org/ns/search/sa/api`, or by their whole subject, such as "
        "`CN=search,O=Example` (RFC 4514). They count for calls without key and token.",
    )
    tokens: Mapping[Name, Identities] = Field(
        default={},
        description="Bearer tokens of the tenant: for each issuer, a name under "
        "`authentication.tokens`, the values of its `tenant_claim`.",
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
    allowed_methods: Methods | None = Field(
        default=None, description="The methods that the tenant can call. If unset, all."
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
    token_limit: TokenLimitSection | None = Field(
        default=None, description="Limit of tokens, per replica. If unset, no limit."
    )
    max_concurrent_calls: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="The largest number of concurrent calls of the tenant, per replica. Further "
        "calls are rejected at once. If unset, only `server.max_concurrent_calls` limits them.",
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
        tokens=None
        if section.token_limit is None
        else TokenRateRule(**section.token_limit.model_dump()),
        max_concurrent_calls=section.max_concurrent_calls,
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
