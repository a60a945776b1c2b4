"""Hard limits: which deployments may serve a request, and the typed reason where one may not.

Fail-closed: what the configuration does not state counts as not compliant. Checked once when the
plan is made; every attempt, failover, hedge and recovery takes its deployment from the plan, so
that none can reach one that was excluded.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal

from routersvc.domain.catalogue.capabilities import (
    MODALITY_CAPABILITIES,
    Capability,
)
from routersvc.domain.catalogue.constraints import (
    REQUEST,
    TENANT,
)
from routersvc.domain.catalogue.deployments import (
    Deployment,
)
from routersvc.domain.catalogue.models import (
    Model,
)
from routersvc.domain.measures.cost_budgets import (
    BudgetStanding,
)
from routersvc.domain.planning.candidates import (
    EffectiveConstraint,
)
from routersvc.domain.planning.exclusion_reasons import (
    Exclusion,
    ExclusionReason,
)
from routersvc.domain.planning.limits import (
    Limits,
)
from routersvc.domain.profiling.capability_needs import (
    UNNEEDED_IF,
)
from routersvc.domain.profiling.profiles import (
    Profile,
)

_MILLIONTH = Decimal("0.000001")
_MODALITY_INPUTS = frozenset(MODALITY_CAPABILITIES.values())
_MODALITY_OUTPUTS = frozenset({Capability.AUDIO_OUTPUT, Capability.IMAGE_OUTPUT})


def expected_cost(deployment: Deployment, profile: Profile) -> float | None:
    """Return the price of one complete answer in US dollars, `None` where no price is known."""
    prices = deployment.model.prices
    if prices is None:
        return None
    return prices.cost_of(profile.input_tokens, profile.output_tokens)


def most_cost(deployment: Deployment, limits: Limits) -> float | None:
    """Return what a request costs at most whose attempts all cost what `deployment` is expected to.

    Failovers, hedges and recoveries are attempts too. `None` where no price is known.
    """
    cost = expected_cost(deployment, limits.profile)
    return None if cost is None else cost * limits.billed_attempts


def needed_tokens(model: Model, profile: Profile, input_tokens: int, *, reserve: int) -> int:
    """Return what a prompt of `input_tokens` of o200k_base takes of a window with its answer.

    In tokens of the model's own tokenizer; `reserve` comes on top.
    """
    return math.ceil(input_tokens * model.token_ratio) + profile.output_tokens + reserve


def exclusions(deployment: Deployment, limits: Limits) -> tuple[Exclusion, ...]:
    """Return every reason why `deployment` may not serve; empty means that it may."""
    return (*_fixed(deployment, limits), *_measured(deployment, limits))


def is_fixed_out(deployment: Deployment, limits: Limits) -> bool:
    """Whether a reason that rests on names and attributes alone keeps `deployment` from serving."""
    return any(True for _ in _fixed(deployment, limits))


def is_measured_out(deployment: Deployment, limits: Limits) -> bool:
    """Whether tokens or dollars keep it from serving: the same for all deployments of a model."""
    return any(True for _ in _measured(deployment, limits))


def needed_data_classes(limits: Limits) -> frozenset[str]:
    """Return the classes of data that a deployment has to be cleared for."""
    stated = limits.constraints.data_classes
    return limits.profile.data_classes | stated if stated else limits.profile.data_classes


def effective_constraints(limits: Limits) -> tuple[EffectiveConstraint, ...]:
    """Return the limits in force, for explanations."""
    constraints = limits.constraints
    values = {
        "allowed_regions": _allowed_text(constraints.allowed_regions),
        "data_classes": ", ".join(sorted(constraints.data_classes)),
        "zero_data_retention": "required" if constraints.zero_data_retention else "",
        "no_training": "required" if constraints.no_training else "",
        "allowed_providers": _allowed_text(constraints.allowed_providers),
        "denied_providers": ", ".join(sorted(constraints.denied_providers)),
        "max_cost_usd": "" if constraints.max_cost_usd is None else f"{constraints.max_cost_usd:g}",
        "context_reserve_tokens": ""
        if constraints.context_reserve_tokens == 0
        else str(constraints.context_reserve_tokens),
        "required_models": ", ".join(sorted(limits.models)),
        "pinned_deployment": limits.request.routing.pinned_deployment,
        "tenant_budget_usd": _budget_text(limits.budget),
        "min_tier": str(limits.min_tier) if limits.min_tier else "",
    }
    of_tenant = {"tenant_budget_usd", "min_tier"}
    return tuple(
        EffectiveConstraint(
            name=name,
            value=value,
            source=", ".join(
                constraints.sources.get(name, (TENANT,) if name in of_tenant else (REQUEST,))
            ),
        )
        for name, value in values.items()
        if value
    )


def _allowed_text(names: frozenset[str] | None) -> str:
    if names is None:
        return ""
    return ", ".join(sorted(names)) or "none: what is allowed has nothing in common"


def _budget_text(budget: BudgetStanding | None) -> str:
    if budget is None:
        return ""
    return f"{budget.left_usd:.6g} of {budget.rule.usd:g} left"


def _fixed(deployment: Deployment, limits: Limits) -> Iterator[Exclusion]:
    yield from _selection(deployment, limits)
    yield from _abilities(deployment, limits)
    yield from _compliance(deployment, limits)


def _measured(deployment: Deployment, limits: Limits) -> Iterator[Exclusion]:
    yield from _sizes(deployment, limits)
    yield from _cost(deployment, limits)
    yield from _budget(deployment, limits)


def _selection(deployment: Deployment, limits: Limits) -> Iterator[Exclusion]:
    routing = limits.request.routing
    if not deployment.enabled:
        yield Exclusion(
            reason=ExclusionReason.OPERATOR_DISABLED,
            description="the operator has taken it out",
            eligible_if="the configuration enabled it",
        )
    if deployment.name not in limits.listed:
        by_rule = f"the rule `{limits.rule}` of " if limits.rule else ""
        yield Exclusion(
            reason=ExclusionReason.NOT_IN_POLICY,
            description=f"{by_rule}the policy `{limits.policy.name}` does not list it",
            eligible_if="it were listed there, or the request named a policy that lists it",
        )
    if limits.models and deployment.model.name not in limits.models:
        yield Exclusion(
            reason=ExclusionReason.MODEL_NOT_REQUIRED,
            description=f"its model `{deployment.model.name}` is not among those required",
            eligible_if=f"`required_models` named `{deployment.model.name}`",
        )
    if routing.pinned_deployment and deployment.name != routing.pinned_deployment:
        yield Exclusion(
            reason=ExclusionReason.NOT_PINNED,
            description=f"the request is pinned to `{routing.pinned_deployment}`",
            eligible_if=f"the request were not pinned, or pinned to `{deployment.name}`",
        )
    provider = deployment.provider.name
    constraints = limits.constraints
    allowed = constraints.allowed_providers
    if allowed is not None and provider not in allowed:
        yield Exclusion(
            reason=ExclusionReason.PROVIDER_NOT_ALLOWED,
            description=f"its provider `{provider}` is not among those allowed"
            if allowed
            else _nothing_shared("allowed_providers", limits),
            eligible_if=f"`allowed_providers`{_wherever('allowed_providers', limits)} "
            f"named `{provider}`",
        )
    if provider in constraints.denied_providers:
        yield Exclusion(
            reason=ExclusionReason.PROVIDER_DENIED,
            description=f"its provider `{provider}` is denied",
            eligible_if=f"`denied_providers`{_wherever('denied_providers', limits)} "
            f"did not name `{provider}`",
        )
    if limits.wire_formats - {deployment.provider.wire_format}:
        yield Exclusion(
            reason=ExclusionReason.WIRE_FORMAT,
            description=f"the wire extensions are not for `{deployment.provider.wire_format}`",
            eligible_if="the request carried no extensions for other wire formats",
        )


def _abilities(deployment: Deployment, limits: Limits) -> Iterator[Exclusion]:
    missing = limits.profile.capabilities - deployment.capabilities
    if not missing:
        return
    for capability in sorted(missing, key=lambda capability: capability.value):
        of_modality = capability in _MODALITY_INPUTS or capability in _MODALITY_OUTPUTS
        yield Exclusion(
            reason=ExclusionReason.MODALITY if of_modality else ExclusionReason.CAPABILITY,
            description=f"it lacks `{capability.value}`",
            eligible_if=UNNEEDED_IF[capability],
        )


def _sizes(deployment: Deployment, limits: Limits) -> Iterator[Exclusion]:
    profile = limits.profile
    model = deployment.model
    reserve = limits.constraints.context_reserve_tokens
    needed = needed_tokens(model, profile, profile.input_tokens, reserve=reserve)
    if needed > model.context_window:
        yield Exclusion(
            reason=ExclusionReason.CONTEXT_WINDOW,
            description=f"about {needed} tokens do not fit its window of {model.context_window}",
            eligible_if=f"prompt and answer were {needed - model.context_window} tokens shorter, "
            f"or its window {needed - model.context_window} larger",
        )
    asked = limits.request.prompt.sampling.max_output_tokens
    limit = model.max_output_tokens
    if asked is not None and limit is not None and asked > limit:
        yield Exclusion(
            reason=ExclusionReason.OUTPUT_LIMIT,
            description=f"it gives at most {limit} tokens, {asked} are asked for",
            eligible_if=f"`max_output_tokens` were at most {limit}",
        )


def _compliance(deployment: Deployment, limits: Limits) -> Iterator[Exclusion]:
    constraints = limits.constraints
    compliance = deployment.compliance
    regions = constraints.allowed_regions
    if regions is not None and compliance.region not in regions:
        region = "no region" if compliance.region is None else f"region `{compliance.region}`"
        yield Exclusion(
            reason=ExclusionReason.REGION,
            description=f"the configuration states {region} for it"
            if regions
            else _nothing_shared("allowed_regions", limits),
            eligible_if=f"`allowed_regions`{_wherever('allowed_regions', limits)} "
            f"named `{compliance.region}`"
            if compliance.region
            else "the configuration stated an allowed region for it",
        )
    for data_class in sorted(needed_data_classes(limits) - compliance.data_classes):
        yield Exclusion(
            reason=ExclusionReason.DATA_CLASS,
            description=f"it is not cleared for `{data_class}`",
            eligible_if=f"the configuration cleared it for `{data_class}`",
        )
    if constraints.zero_data_retention and not compliance.zero_data_retention:
        yield Exclusion(
            reason=ExclusionReason.RETENTION,
            description="it is not known to keep nothing",
            eligible_if="the configuration stated `zero_data_retention` for it",
        )
    if constraints.no_training and not compliance.no_training:
        yield Exclusion(
            reason=ExclusionReason.TRAINING,
            description="it is not known not to train on requests",
            eligible_if="the configuration stated `no_training` for it",
        )


def _cost(deployment: Deployment, limits: Limits) -> Iterator[Exclusion]:
    ceiling = limits.constraints.max_cost_usd
    if ceiling is None:
        return
    cost = expected_cost(deployment, limits.profile)
    if cost is None:
        yield Exclusion(
            reason=ExclusionReason.COST_CEILING,
            description="its price is unknown and there is a cost ceiling",
            eligible_if="the configuration stated its prices",
        )
    elif cost > ceiling:
        yield Exclusion(
            reason=ExclusionReason.COST_CEILING,
            description=f"an answer is expected to cost ${cost:.6f}, the ceiling is ${ceiling:.6f}",
            eligible_if=f"`max_cost_usd`{_wherever('max_cost_usd', limits)} were at least "
            f"{_rounded_up(cost)}",
        )


def _budget(deployment: Deployment, limits: Limits) -> Iterator[Exclusion]:
    budget = limits.budget
    if budget is None:
        return
    attempts = _attempts_if_chosen(deployment, limits)
    one = expected_cost(deployment, limits.profile)
    cost = None if one is None else one * attempts
    if cost is None:
        yield Exclusion(
            reason=ExclusionReason.TENANT_BUDGET,
            description="its price is unknown and the tenant has a budget",
            eligible_if="the configuration stated its prices",
        )
    elif not budget.covers(cost):
        what = "an attempt is" if attempts == 1 else f"up to {attempts} attempts are"
        yield Exclusion(
            reason=ExclusionReason.TENANT_BUDGET,
            description=f"{what} expected to cost ${cost:.6f}, the tenant's budget has "
            f"${budget.left_usd:.6f} left",
            eligible_if=f"the tenant's budget had ${_rounded_up(cost - budget.left_usd)} more left",
        )
    if deployment.model.tier < limits.min_tier:
        yield Exclusion(
            reason=ExclusionReason.TENANT_BUDGET,
            description=f"its model is of tier {deployment.model.tier}, and of the tenant's budget "
            f"{budget.used_share:.0%} is used",
            eligible_if=f"its tier were at least {limits.min_tier}, or less of the budget used",
        )


def _attempts_if_chosen(deployment: Deployment, limits: Limits) -> int:
    """Return how many attempts may be billed where the request may use this deployment.

    For one that is not listed, or is not the one pinned, these are as many as would be if it were:
    else what is said to help would not.
    """
    pinned = limits.request.routing.pinned_deployment
    if pinned == deployment.name or (not pinned and deployment.name in limits.listed):
        return limits.billed_attempts
    policy = limits.policy
    deployments = len({*policy.reachable, deployment.name})
    return min(limits.max_attempts, deployments * (1 + policy.retries.max_retries))


def _nothing_shared(name: str, limits: Limits) -> str:
    sources = " and ".join(limits.constraints.sources[name])
    return f"the `{name}` of {sources} have nothing in common"


def _wherever(name: str, limits: Limits) -> str:
    """Say whose limit it is where it is not the request's alone."""
    sources = limits.constraints.sources.get(name, ())
    return "" if sources == (REQUEST,) else f" of {' and '.join(sources)}"


def _rounded_up(usd: float) -> str:
    """Return an amount to a millionth that covers `usd`, so that whoever follows it succeeds."""
    return str(Decimal(usd).quantize(_MILLIONTH, ROUND_CEILING))
