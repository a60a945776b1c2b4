"""The constraints that depend on names and attributes alone, not on the size of a request.

Add one here: a field of `FixedLimits` if it reads something new, and an entry in the table. The
result of the whole table is remembered for equal `FixedLimits`. Fail-closed: what the configuration
does not state counts as not compliant.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator

from routersvc.domain.catalogue.capabilities import MODALITY_CAPABILITIES, Capability
from routersvc.domain.catalogue.constraints import REQUEST
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.conversation.reasoning import ReasoningEffort
from routersvc.domain.planning.exclusion_reasons import Exclusion, ExclusionReason
from routersvc.domain.planning.limits import FixedLimits, Limits
from routersvc.domain.profiling.capability_needs import UNNEEDED_IF

_MODALITIES = frozenset(
    {*MODALITY_CAPABILITIES.values(), Capability.AUDIO_OUTPUT, Capability.IMAGE_OUTPUT}
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class FixedConstraint:
    """One constraint that depends on names and attributes alone.

    `excludes` decides, and sees nothing but its two arguments: the second is the key of the memory.
    `exclusions` describes a deployment that it excludes, with at least one exclusion. `in_force`
    returns the limit as explanations show it under `name`, empty if there is none; `set_by` is its
    source where `MergedConstraints.sources` has none.
    """

    name: str
    excludes: Callable[[Deployment, FixedLimits], bool]
    exclusions: Callable[[Deployment, Limits], Iterator[Exclusion]]
    in_force: Callable[[Limits], str] = lambda _: ""
    set_by: str = REQUEST


def _names_text(names: Collection[str]) -> str:
    """Return names in order, empty if there are none."""
    return ", ".join(sorted(names))


def _allowed_text(names: frozenset[str] | None) -> str:
    """Return an allow list; empty if nothing is limited."""
    if names is None:
        return ""
    return _names_text(names) or "none: the allow lists have nothing in common"


def _nothing_in_common(name: str, limits: Limits) -> str:
    """Say whose allow lists contradict each other."""
    sources = " and ".join(limits.constraints.sources[name])
    return f"the `{name}` of {sources} have nothing in common"


def _disabled(_: Deployment, __: Limits) -> Iterator[Exclusion]:
    yield Exclusion(
        reason=ExclusionReason.OPERATOR_DISABLED,
        description="it is disabled in the configuration",
        eligible_if="the configuration enabled it",
    )


def _unlisted(_: Deployment, limits: Limits) -> Iterator[Exclusion]:
    by_rule = f"the rule `{limits.rule}` of " if limits.rule else ""
    yield Exclusion(
        reason=ExclusionReason.NOT_IN_POLICY,
        description=f"{by_rule}the policy `{limits.policy.name}` does not list it",
        eligible_if="it were listed there, or the request named a policy that lists it",
    )


def _model_not_required(deployment: Deployment, _: Limits) -> Iterator[Exclusion]:
    model = deployment.model.name
    yield Exclusion(
        reason=ExclusionReason.MODEL_NOT_REQUIRED,
        description=f"its model `{model}` is not one of the required models",
        eligible_if=f"`required_models` named `{model}`",
    )


def _not_pinned(deployment: Deployment, limits: Limits) -> Iterator[Exclusion]:
    yield Exclusion(
        reason=ExclusionReason.NOT_PINNED,
        description=f"the request is pinned to `{limits.fixed.pinned_deployment}`",
        eligible_if=f"the request were not pinned, or pinned to `{deployment.name}`",
    )


def _provider_not_allowed(deployment: Deployment, limits: Limits) -> Iterator[Exclusion]:
    provider = deployment.provider.name
    name = "allowed_providers"
    yield Exclusion(
        reason=ExclusionReason.PROVIDER_NOT_ALLOWED,
        description=f"its provider `{provider}` is not one of the allowed providers"
        if limits.constraints.allowed_providers
        else _nothing_in_common(name, limits),
        eligible_if=f"`{name}`{limits.owners_of(name)} named `{provider}`",
    )


def _provider_denied(deployment: Deployment, limits: Limits) -> Iterator[Exclusion]:
    provider = deployment.provider.name
    name = "denied_providers"
    yield Exclusion(
        reason=ExclusionReason.PROVIDER_DENIED,
        description=f"its provider `{provider}` is denied",
        eligible_if=f"`{name}`{limits.owners_of(name)} did not name `{provider}`",
    )


def _other_wire_format(deployment: Deployment, _: Limits) -> Iterator[Exclusion]:
    yield Exclusion(
        reason=ExclusionReason.WIRE_FORMAT,
        description="the request has wire extensions for wire formats other than its "
        f"`{deployment.provider.wire_format}`",
        eligible_if="the request carried no extensions for other wire formats",
    )


def _missing_capabilities(deployment: Deployment, limits: Limits) -> Iterator[Exclusion]:
    missing = limits.fixed.capabilities - deployment.capabilities
    for capability in sorted(missing, key=lambda capability: capability.value):
        yield Exclusion(
            reason=ExclusionReason.MODALITY
            if capability in _MODALITIES
            else ExclusionReason.CAPABILITY,
            description=f"it lacks the capability `{capability.value}`",
            eligible_if=UNNEEDED_IF[capability],
        )


def _lacks_effort(deployment: Deployment, fixed: FixedLimits) -> bool:
    """Whether the model reasons, but not with the effort that the request asks for."""
    return (
        fixed.effort is not None
        and Capability.REASONING in deployment.capabilities
        and fixed.effort not in deployment.efforts
    )


def _missing_effort(deployment: Deployment, limits: Limits) -> Iterator[Exclusion]:
    effort = limits.fixed.effort
    has = [f"`{it.value}`" for it in ReasoningEffort if it in deployment.efforts]
    if effort is not None:
        yield Exclusion(
            reason=ExclusionReason.CAPABILITY,
            description=f"it lacks the reasoning effort `{effort.value}`"
            + (f", it has {', '.join(has)}" if has else ""),
            eligible_if=f"`reasoning.effort` were {' or '.join([*has, 'unset'])}",
        )


def _region_not_allowed(deployment: Deployment, limits: Limits) -> Iterator[Exclusion]:
    region = deployment.compliance.region
    name = "allowed_regions"
    stated = "states no region" if region is None else f"states the region `{region}`"
    yield Exclusion(
        reason=ExclusionReason.REGION,
        description=f"the configuration {stated} for it, which is not allowed"
        if limits.constraints.allowed_regions
        else _nothing_in_common(name, limits),
        eligible_if=f"`{name}`{limits.owners_of(name)} named `{region}`"
        if region
        else "the configuration stated an allowed region for it",
    )


def _uncleared_data_classes(deployment: Deployment, limits: Limits) -> Iterator[Exclusion]:
    for data_class in sorted(limits.fixed.data_classes - deployment.compliance.data_classes):
        yield Exclusion(
            reason=ExclusionReason.DATA_CLASS,
            description=f"it is not cleared for the data class `{data_class}`",
            eligible_if=f"the configuration cleared it for `{data_class}`",
        )


def _retention(_: Deployment, __: Limits) -> Iterator[Exclusion]:
    yield Exclusion(
        reason=ExclusionReason.RETENTION,
        description="the configuration does not state zero data retention for it",
        eligible_if="the configuration stated `zero_data_retention` for it",
    )


def _training(_: Deployment, __: Limits) -> Iterator[Exclusion]:
    yield Exclusion(
        reason=ExclusionReason.TRAINING,
        description="the configuration does not state that it trains on no requests",
        eligible_if="the configuration stated `no_training` for it",
    )


FIXED_CONSTRAINTS = (
    FixedConstraint(
        name="enabled",
        excludes=lambda deployment, _: not deployment.enabled,
        exclusions=_disabled,
    ),
    FixedConstraint(
        name="listed",
        excludes=lambda deployment, fixed: deployment.name not in fixed.listed,
        exclusions=_unlisted,
    ),
    FixedConstraint(
        name="required_models",
        excludes=lambda deployment, fixed: (
            bool(fixed.models) and deployment.model.name not in fixed.models
        ),
        exclusions=_model_not_required,
        in_force=lambda limits: _names_text(limits.fixed.models),
    ),
    FixedConstraint(
        name="pinned_deployment",
        excludes=lambda deployment, fixed: fixed.pinned_deployment not in ("", deployment.name),
        exclusions=_not_pinned,
        in_force=lambda limits: limits.fixed.pinned_deployment,
    ),
    FixedConstraint(
        name="allowed_providers",
        excludes=lambda deployment, fixed: (
            fixed.allowed_providers is not None
            and deployment.provider.name not in fixed.allowed_providers
        ),
        exclusions=_provider_not_allowed,
        in_force=lambda limits: _allowed_text(limits.constraints.allowed_providers),
    ),
    FixedConstraint(
        name="denied_providers",
        excludes=lambda deployment, fixed: deployment.provider.name in fixed.denied_providers,
        exclusions=_provider_denied,
        in_force=lambda limits: _names_text(limits.constraints.denied_providers),
    ),
    FixedConstraint(
        name="wire_formats",
        excludes=lambda deployment, fixed: bool(
            fixed.wire_formats - {deployment.provider.wire_format}
        ),
        exclusions=_other_wire_format,
    ),
    FixedConstraint(
        name="capabilities",
        excludes=lambda deployment, fixed: not fixed.capabilities <= deployment.capabilities,
        exclusions=_missing_capabilities,
    ),
    FixedConstraint(
        name="reasoning_effort",
        excludes=_lacks_effort,
        exclusions=_missing_effort,
    ),
    FixedConstraint(
        name="allowed_regions",
        excludes=lambda deployment, fixed: (
            fixed.allowed_regions is not None
            and deployment.compliance.region not in fixed.allowed_regions
        ),
        exclusions=_region_not_allowed,
        in_force=lambda limits: _allowed_text(limits.constraints.allowed_regions),
    ),
    FixedConstraint(
        name="data_classes",
        excludes=lambda deployment, fixed: (
            not fixed.data_classes <= deployment.compliance.data_classes
        ),
        exclusions=_uncleared_data_classes,
        in_force=lambda limits: _names_text(limits.constraints.data_classes),
    ),
    FixedConstraint(
        name="zero_data_retention",
        excludes=lambda deployment, fixed: (
            fixed.zero_data_retention and not deployment.compliance.zero_data_retention
        ),
        exclusions=_retention,
        in_force=lambda limits: "required" if limits.constraints.zero_data_retention else "",
    ),
    FixedConstraint(
        name="no_training",
        excludes=lambda deployment, fixed: (
            fixed.no_training and not deployment.compliance.no_training
        ),
        exclusions=_training,
        in_force=lambda limits: "required" if limits.constraints.no_training else "",
    ),
)
