"""Which constraints exclude a deployment from a request, and why.

Checked once, when the plan is made. Every attempt, failover, hedge and recovery takes its
deployment from the plan, so that none can reach an excluded one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.planning.exclusion_reasons import Exclusion, ExclusionReason
from routersvc.domain.planning.fixed_constraints import FIXED_CONSTRAINTS
from routersvc.domain.planning.limits import FixedLimits, Limits
from routersvc.domain.planning.measured_constraints import (
    MEASURED_CONSTRAINTS,
    MeasuredConstraint,
    ModelBounds,
)
from routersvc.domain.profiling.prompt_shapes import shape_of


def exclusions(deployment: Deployment, limits: Limits) -> tuple[Exclusion, ...]:
    """Return every reason why `deployment` may not serve; empty if it may."""
    return tuple(_exclusions(deployment, limits))


def _exclusions(deployment: Deployment, limits: Limits) -> Iterator[Exclusion]:
    for fixed in FIXED_CONSTRAINTS:
        if fixed.excludes(deployment, limits.fixed):
            yield from fixed.exclusions(deployment, limits)
    attempts = _attempts_if_chosen(deployment, limits)
    for measured in MEASURED_CONSTRAINTS:
        exclusion = measured.exclusion(deployment.model, limits, attempts)
        if exclusion is not None:
            yield exclusion
    unwritable = _inexpressible(deployment, limits.request.prompt)
    if unwritable is not None:
        yield unwritable


def is_excluded(deployment: Deployment, fixed: FixedLimits) -> bool:
    """Whether a fixed constraint excludes `deployment`."""
    return any(constraint.excludes(deployment, fixed) for constraint in FIXED_CONSTRAINTS)


def open_constraints(bounds: ModelBounds, limits: Limits) -> Sequence[MeasuredConstraint]:
    """Return the measured constraints that may exclude some model within `bounds`."""
    return [each for each in MEASURED_CONSTRAINTS if not each.admits_all(bounds, limits)]


def is_excluded_by(constraints: Sequence[MeasuredConstraint], model: Model, limits: Limits) -> bool:
    """Whether one of these measured constraints excludes a model of the plan."""
    attempts = limits.billed_attempts
    return any(each.exclusion(model, limits, attempts) is not None for each in constraints)


def _attempts_if_chosen(deployment: Deployment, limits: Limits) -> int:
    """Return how many attempts may be billed if the request could use this deployment.

    For a deployment that is not listed, or not the pinned one, as many as there would be if it
    were: otherwise the change that an exclusion suggests would not be sufficient.
    """
    fixed = limits.fixed
    pinned = fixed.pinned_deployment
    if pinned == deployment.name or (not pinned and deployment.name in fixed.listed):
        return limits.billed_attempts
    policy = limits.policy
    deployments = len({*policy.reachable, deployment.name})
    return min(limits.max_attempts, deployments * (1 + policy.retries.max_retries))


def format_refusal(deployment: Deployment, shape: Prompt) -> str:
    """Return why the format of a deployment cannot express this shape; empty if it can."""
    rules = deployment.provider.wire_rules
    return "" if rules is None else rules.refusal(deployment, shape)


def _inexpressible(deployment: Deployment, prompt: Prompt) -> Exclusion | None:
    """Return the exclusion of a deployment whose format cannot express a prompt."""
    shape = shape_of(prompt)
    why = "" if shape is None else format_refusal(deployment, shape)
    if not why:
        return None
    return Exclusion(
        reason=ExclusionReason.WIRE_FORMAT,
        description=why,
        eligible_if="the request did without it",
    )
