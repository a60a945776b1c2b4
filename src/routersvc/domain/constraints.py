"""Hard limits: which deployments may serve a request, and the typed reason where one may not.

Fail-closed: what the configuration does not state counts as not compliant. Checked once when the
plan is made; every attempt, failover, hedge and recovery takes its deployment from the plan, so
that none can reach one that was excluded.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

from routersvc.domain.answers import Usage
from routersvc.domain.catalogue import MODALITY_CAPABILITIES, Capability, Deployment, Model
from routersvc.domain.plans import EffectiveConstraint, Exclusion, ExclusionReason, Profile
from routersvc.domain.policies import Policy
from routersvc.domain.requests import Request

_MODALITY_INPUTS = frozenset(MODALITY_CAPABILITIES.values())
_MODALITY_OUTPUTS = frozenset({Capability.AUDIO_OUTPUT, Capability.IMAGE_OUTPUT})


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Everything a deployment is held against for one request.

    `models` are catalogue names, aliases resolved; empty means all. `wire_formats` are those
    that the request's wire extensions are for.
    """

    request: Request
    policy: Policy
    profile: Profile
    models: frozenset[str]
    wire_formats: frozenset[str]


def expected_cost(deployment: Deployment, profile: Profile) -> float | None:
    """Return the price of one complete answer in US dollars, `None` where no price is known."""
    prices = deployment.model.prices
    if prices is None:
        return None
    usage = Usage(input_tokens=profile.input_tokens, output_tokens=profile.output_tokens)
    return prices.cost(usage)


def fits_window(model: Model, request: Request, profile: Profile, input_tokens: int) -> bool:
    """Whether a prompt of `input_tokens` of o200k_base fits with its answer and the reserve."""
    return _needed_tokens(model, request, profile, input_tokens) <= model.context_window


def exclusions(deployment: Deployment, limits: Limits) -> tuple[Exclusion, ...]:
    """Return every reason why `deployment` may not serve; empty means that it may."""
    return tuple(
        exclusion
        for check in (_selection, _abilities, _sizes, _compliance, _cost)
        for exclusion in check(deployment, limits)
    )


def effective_constraints(limits: Limits) -> tuple[EffectiveConstraint, ...]:
    """Return the limits in force, for explanations."""
    constraints = limits.request.routing.constraints
    values = {
        "allowed_regions": ", ".join(sorted(constraints.allowed_regions)),
        "data_classes": ", ".join(sorted(constraints.data_classes)),
        "zero_data_retention": "required" if constraints.zero_data_retention else "",
        "no_training": "required" if constraints.no_training else "",
        "allowed_providers": ", ".join(sorted(constraints.allowed_providers)),
        "denied_providers": ", ".join(sorted(constraints.denied_providers)),
        "max_cost_usd": "" if constraints.max_cost_usd is None else f"{constraints.max_cost_usd:g}",
        "context_reserve_tokens": ""
        if constraints.context_reserve_tokens == 0
        else str(constraints.context_reserve_tokens),
        "required_models": ", ".join(sorted(limits.models)),
        "pinned_deployment": limits.request.routing.pinned_deployment,
    }
    return tuple(
        EffectiveConstraint(name=name, value=value, source="request")
        for name, value in values.items()
        if value
    )


def _selection(deployment: Deployment, limits: Limits) -> Iterator[Exclusion]:
    routing = limits.request.routing
    if not deployment.enabled:
        yield Exclusion(
            reason=ExclusionReason.OPERATOR_DISABLED,
            description="the operator has taken it out",
            eligible_if="the configuration enables it",
        )
    if deployment.name not in limits.policy.deployments:
        yield Exclusion(
            reason=ExclusionReason.NOT_IN_POLICY,
            description=f"the policy `{limits.policy.name}` does not list it",
            eligible_if="the policy lists it or the request names another policy",
        )
    if limits.models and deployment.model.name not in limits.models:
        yield Exclusion(
            reason=ExclusionReason.MODEL_NOT_REQUIRED,
            description=f"its model `{deployment.model.name}` is not among those required",
            eligible_if=f"`required_models` names `{deployment.model.name}`",
        )
    if routing.pinned_deployment and deployment.name != routing.pinned_deployment:
        yield Exclusion(
            reason=ExclusionReason.NOT_PINNED,
            description=f"the request is pinned to `{routing.pinned_deployment}`",
            eligible_if="the request is not pinned",
        )
    provider = deployment.provider.name
    constraints = routing.constraints
    if constraints.allowed_providers and provider not in constraints.allowed_providers:
        yield Exclusion(
            reason=ExclusionReason.PROVIDER_NOT_ALLOWED,
            description=f"its provider `{provider}` is not among those allowed",
            eligible_if=f"`allowed_providers` names `{provider}`",
        )
    if provider in constraints.denied_providers:
        yield Exclusion(
            reason=ExclusionReason.PROVIDER_DENIED,
            description=f"its provider `{provider}` is denied",
            eligible_if=f"`denied_providers` does not name `{provider}`",
        )
    if limits.wire_formats - {deployment.provider.wire_format}:
        yield Exclusion(
            reason=ExclusionReason.WIRE_FORMAT,
            description=f"the wire extensions are not for `{deployment.provider.wire_format}`",
            eligible_if="the request carries no extensions for other wire formats",
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
            eligible_if=f"the request does not need `{capability.value}`",
        )


def _sizes(deployment: Deployment, limits: Limits) -> Iterator[Exclusion]:
    profile = limits.profile
    model = deployment.model
    if not fits_window(model, limits.request, profile, profile.input_tokens):
        needed = _needed_tokens(model, limits.request, profile, profile.input_tokens)
        yield Exclusion(
            reason=ExclusionReason.CONTEXT_WINDOW,
            description=f"about {needed} tokens do not fit its window of {model.context_window}",
            eligible_if=f"the request were {needed - model.context_window} tokens shorter",
        )
    asked = limits.request.prompt.sampling.max_output_tokens
    limit = model.max_output_tokens
    if asked is not None and limit is not None and asked > limit:
        yield Exclusion(
            reason=ExclusionReason.OUTPUT_LIMIT,
            description=f"it gives at most {limit} tokens, {asked} are asked for",
            eligible_if=f"`max_output_tokens` were at most {limit}",
        )


def _needed_tokens(model: Model, request: Request, profile: Profile, input_tokens: int) -> int:
    """Return the tokens that a request takes of a window, by the model's own tokenizer."""
    reserve = request.routing.constraints.context_reserve_tokens
    return math.ceil(input_tokens * model.token_ratio) + profile.output_tokens + reserve


def _compliance(deployment: Deployment, limits: Limits) -> Iterator[Exclusion]:
    constraints = limits.request.routing.constraints
    compliance = deployment.compliance
    if constraints.allowed_regions and compliance.region not in constraints.allowed_regions:
        region = "no region" if compliance.region is None else f"region `{compliance.region}`"
        yield Exclusion(
            reason=ExclusionReason.REGION,
            description=f"the configuration states {region} for it",
            eligible_if="`allowed_regions` names its region",
        )
    for data_class in sorted(limits.profile.data_classes - compliance.data_classes):
        yield Exclusion(
            reason=ExclusionReason.DATA_CLASS,
            description=f"it is not cleared for `{data_class}`",
            eligible_if=f"the configuration clears it for `{data_class}`",
        )
    if constraints.zero_data_retention and not compliance.zero_data_retention:
        yield Exclusion(
            reason=ExclusionReason.RETENTION,
            description="it is not known to keep nothing",
            eligible_if="the configuration states `zero_data_retention` for it",
        )
    if constraints.no_training and not compliance.no_training:
        yield Exclusion(
            reason=ExclusionReason.TRAINING,
            description="it is not known not to train on requests",
            eligible_if="the configuration states `no_training` for it",
        )


def _cost(deployment: Deployment, limits: Limits) -> Iterator[Exclusion]:
    ceiling = limits.request.routing.constraints.max_cost_usd
    if ceiling is None:
        return
    cost = expected_cost(deployment, limits.profile)
    if cost is None:
        yield Exclusion(
            reason=ExclusionReason.COST_CEILING,
            description="its price is unknown and the request has a cost ceiling",
            eligible_if="the configuration states its prices",
        )
    elif cost > ceiling:
        yield Exclusion(
            reason=ExclusionReason.COST_CEILING,
            description=f"an answer is expected to cost ${cost:.6f}, the ceiling is ${ceiling:.6f}",
            eligible_if=f"`max_cost_usd` were at least {cost:.6f}",
        )
