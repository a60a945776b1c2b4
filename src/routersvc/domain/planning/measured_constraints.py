"""The constraints that depend on the size or the price of a request: tokens and dollars.

They differ with each request and see only the model of a deployment, so that all deployments of one
model share the result. Add one here: an entry in the table. Fail-closed: an unknown price breaks
every limit on cost.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable
from decimal import ROUND_CEILING, Decimal

from routersvc.domain.catalogue.constraints import REQUEST, TENANT
from routersvc.domain.catalogue.models import Model
from routersvc.domain.planning.exclusion_reasons import Exclusion, ExclusionReason
from routersvc.domain.planning.limits import Limits
from routersvc.domain.profiling.profiles import Profile

_MILLIONTH = Decimal("0.000001")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ModelBounds:
    """The narrowest values among several models: a request that fits them fits each model."""

    highest_ratio: float
    least_window: int
    least_output: float

    @classmethod
    def of(cls, models: Iterable[Model]) -> ModelBounds:
        """Return the bounds of these models."""
        models = tuple(models)
        return cls(
            highest_ratio=max((model.token_ratio for model in models), default=1.0),
            least_window=min((model.context_window for model in models), default=0),
            least_output=min(
                (m.max_output_tokens for m in models if m.max_output_tokens is not None),
                default=math.inf,
            ),
        )


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class MeasuredConstraint:
    """One constraint that depends on the size or the price of a request.

    `exclusion` decides for a model: its third argument is how many attempts may be billed.
    `admits_all` may return `True` only if no model within the bounds can be excluded: such models
    are not checked one by one. `in_force` and `set_by` are as those of `FixedConstraint`.
    """

    name: str
    exclusion: Callable[[Model, Limits, int], Exclusion | None]
    admits_all: Callable[[ModelBounds, Limits], bool]
    in_force: Callable[[Limits], str] = lambda _: ""
    set_by: str = REQUEST


def needed_tokens(token_ratio: float, profile: Profile, input_tokens: int, *, reserve: int) -> int:
    """Return the tokens that a prompt of `input_tokens` (o200k_base) and its answer need.

    In tokens of the tokenizer with this ratio; `reserve` is added.
    """
    return math.ceil(input_tokens * token_ratio) + profile.output_tokens + reserve


def _needed_tokens(token_ratio: float, limits: Limits) -> int:
    profile = limits.profile
    reserve = limits.constraints.context_reserve_tokens
    return needed_tokens(token_ratio, profile, profile.input_tokens, reserve=reserve)


def _context_window(model: Model, limits: Limits, _: int) -> Exclusion | None:
    needed = _needed_tokens(model.token_ratio, limits)
    excess = needed - model.context_window
    if excess <= 0:
        return None
    return Exclusion(
        reason=ExclusionReason.CONTEXT_WINDOW,
        description=f"about {needed} tokens exceed its context window of {model.context_window}",
        eligible_if=f"prompt and answer were {excess} tokens shorter, "
        f"or its window {excess} larger",
    )


def _output_limit(model: Model, limits: Limits, _: int) -> Exclusion | None:
    requested = limits.request.prompt.sampling.max_output_tokens
    limit = model.max_output_tokens
    if requested is None or limit is None or requested <= limit:
        return None
    return Exclusion(
        reason=ExclusionReason.OUTPUT_LIMIT,
        description=f"`max_output_tokens` is {requested}, its limit is {limit}",
        eligible_if=f"`max_output_tokens` were at most {limit}",
    )


def _fits_output(bounds: ModelBounds, limits: Limits) -> bool:
    requested = limits.request.prompt.sampling.max_output_tokens
    return requested is None or requested <= bounds.least_output


def _cost_ceiling(model: Model, limits: Limits, _: int) -> Exclusion | None:
    ceiling = limits.constraints.max_cost_usd
    if ceiling is None:
        return None
    cost = limits.expected_cost(model)
    if cost is None:
        return Exclusion(
            reason=ExclusionReason.COST_CEILING,
            description="its price is unknown and `max_cost_usd` is set",
            eligible_if="the configuration stated its prices",
        )
    if cost <= ceiling:
        return None
    name = "max_cost_usd"
    return Exclusion(
        reason=ExclusionReason.COST_CEILING,
        description=f"the expected cost of an answer is ${cost:.6f}, the limit is ${ceiling:.6f}",
        eligible_if=f"`{name}`{limits.owners_of(name)} were at least {_rounded_up(cost)}",
    )


def _tenant_budget(model: Model, limits: Limits, attempts: int) -> Exclusion | None:
    budget = limits.budget
    if budget is None:
        return None
    of_one = limits.expected_cost(model)
    if of_one is None:
        return Exclusion(
            reason=ExclusionReason.TENANT_BUDGET,
            description="its price is unknown and the tenant has a budget",
            eligible_if="the configuration stated its prices",
        )
    cost = of_one * attempts
    if budget.covers(cost):
        return None
    what = "one attempt" if attempts == 1 else f"up to {attempts} attempts"
    return Exclusion(
        reason=ExclusionReason.TENANT_BUDGET,
        description=f"the expected cost of {what} is ${cost:.6f}, the tenant's budget has "
        f"${budget.left_usd:.6f} left",
        eligible_if=f"the tenant's budget had ${_rounded_up(cost - budget.left_usd)} more left",
    )


def _rounded_up(usd: float) -> str:
    """Return an amount to a millionth that covers `usd`: a limit of that amount is sufficient."""
    return str(Decimal(usd).quantize(_MILLIONTH, ROUND_CEILING))


def _budget_text(limits: Limits) -> str:
    budget = limits.budget
    return "" if budget is None else f"{budget.left_usd:.6g} of {budget.rule.usd:g} left"


def _min_tier(model: Model, limits: Limits, _: int) -> Exclusion | None:
    budget = limits.budget
    if budget is None or model.tier >= limits.min_tier:
        return None
    return Exclusion(
        reason=ExclusionReason.TENANT_BUDGET,
        description=f"its tier is {model.tier}, and {budget.used_share:.0%} of the tenant's budget "
        f"is used",
        eligible_if=f"its tier were at least {limits.min_tier}, or less of the budget used",
    )


def _reserve_text(limits: Limits) -> str:
    return str(limits.constraints.context_reserve_tokens or "")


def _ceiling_text(limits: Limits) -> str:
    ceiling = limits.constraints.max_cost_usd
    return "" if ceiling is None else f"{ceiling:g}"


MEASURED_CONSTRAINTS = (
    MeasuredConstraint(
        name="context_reserve_tokens",
        exclusion=_context_window,
        admits_all=lambda bounds, limits: (
            _needed_tokens(bounds.highest_ratio, limits) <= bounds.least_window
        ),
        in_force=_reserve_text,
    ),
    MeasuredConstraint(name="max_output_tokens", exclusion=_output_limit, admits_all=_fits_output),
    MeasuredConstraint(
        name="max_cost_usd",
        exclusion=_cost_ceiling,
        admits_all=lambda _, limits: limits.constraints.max_cost_usd is None,
        in_force=_ceiling_text,
    ),
    MeasuredConstraint(
        name="tenant_budget_usd",
        exclusion=_tenant_budget,
        admits_all=lambda _, limits: limits.budget is None,
        in_force=_budget_text,
        set_by=TENANT,
    ),
    MeasuredConstraint(
        name="min_tier",
        exclusion=_min_tier,
        admits_all=lambda _, limits: not limits.min_tier,
        in_force=lambda limits: str(limits.min_tier or ""),
        set_by=TENANT,
    ),
)
