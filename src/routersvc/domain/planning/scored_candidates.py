"""How every deployment fared for a request: its place with the score's parts, or its exclusions.

Only explanations pay for this; a plan needs the order alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from routersvc.domain.catalogue.deployments import (
    Deployment,
)
from routersvc.domain.planning.candidates import (
    Candidate,
    ScorePart,
)
from routersvc.domain.planning.deployment_orders import (
    DeploymentOrder,
    live_stats_of,
)
from routersvc.domain.planning.exclusion_reasons import (
    Exclusion,
)
from routersvc.domain.planning.exclusions import (
    exclusions,
    expected_cost,
)
from routersvc.domain.planning.limits import (
    Limits,
)
from routersvc.domain.planning.live_stats import (
    LiveView,
)
from routersvc.domain.planning.ranking import (
    HEALTH_WEIGHT,
    Standing,
)


def excluded(deployments: Iterable[Deployment], limits: Limits) -> list[Candidate]:
    """Return deployments with what keeps each of them from serving, if anything does."""
    return [
        _candidate(deployment, limits, exclusions=exclusions(deployment, limits))
        for deployment in deployments
    ]


def candidates(
    order: DeploymentOrder, others: Sequence[Deployment], limits: Limits, view: LiveView
) -> tuple[Candidate, ...]:
    """Return the deployments of `order` with their scores, then `others` with their exclusions."""
    count = len(order.deployments)
    served = [
        _candidate(
            deployment,
            limits,
            score_parts=_parts(deployment, place, count, order, limits),
            expected_first_content=live_stats_of([deployment], limits, view)[0].first_content,
        )
        for place, deployment in enumerate(order.deployments)
    ]
    left_out = [
        _candidate(
            deployment,
            limits,
            exclusions=exclusions(deployment, limits) or order.set_aside[deployment.name],
        )
        for deployment in others
    ]
    return (*served, *left_out)


def _candidate(
    deployment: Deployment,
    limits: Limits,
    *,
    exclusions: tuple[Exclusion, ...] = (),
    score_parts: tuple[ScorePart, ...] = (),
    expected_first_content: float | None = None,
) -> Candidate:
    return Candidate(
        deployment=deployment,
        exclusions=exclusions,
        score=sum(part.value * part.weight for part in score_parts),
        score_parts=score_parts,
        expected_cost_usd=expected_cost(deployment, limits.profile),
        expected_first_content=expected_first_content,
    )


def _parts(
    deployment: Deployment, place: int, count: int, order: DeploymentOrder, limits: Limits
) -> tuple[ScorePart, ...]:
    name = deployment.model.name
    standing = order.standings.get(name)
    if standing is None:
        return (_order_part(deployment, place, count, limits),)
    parts = _ranked_parts(standing, limits)
    if not limits.preferred:
        return parts
    last = len(limits.preferred)
    preference = ScorePart(
        name="preference",
        value=1 - limits.preferred.get(name, last) / last,
        weight=last * 2 * standing.budget_weight,
        description="the request prefers this model"
        if name in limits.preferred
        else "the request prefers other models",
    )
    return (preference, *parts)


def _order_part(deployment: Deployment, place: int, count: int, limits: Limits) -> ScorePart:
    if deployment.model.name in limits.preferred:
        description = "the request prefers this model"
    else:
        where = f"the rule `{limits.rule}`" if limits.rule else "the policy"
        description = f"place {limits.listed.index(deployment.name) + 1} in the order of {where}"
    return ScorePart(
        name="order", value=(count - place) / count, weight=1.0, description=description
    )


def _ranked_parts(standing: Standing, limits: Limits) -> tuple[ScorePart, ...]:
    weights = standing.weights
    profile = limits.profile
    parts = (
        ScorePart(
            name="quality",
            value=standing.quality,
            weight=weights.quality,
            description=f"expected of a task of kind {profile.task.value} "
            f"and complexity {profile.complexity:.2f}",
        ),
        ScorePart(
            name="cost",
            value=standing.cost,
            weight=weights.cost,
            description="what the cheapest costs, as a share of what this one does",
        ),
        ScorePart(
            name="latency",
            value=standing.latency,
            weight=weights.latency,
            description="what the fastest takes, as a share of what this one does",
        ),
        ScorePart(
            name="health",
            value=standing.health,
            weight=HEALTH_WEIGHT,
            description="the share of calls that lately succeeded",
        ),
    )
    budget = limits.request.routing.latency_budget
    if budget is None:
        return parts
    return (
        ScorePart(
            name="latency_budget",
            value=float(standing.keeps_latency_budget),
            weight=standing.budget_weight,
            description=f"as far as is known, 19 calls in 20 keep the budget of {budget:g} s"
            if standing.keeps_latency_budget
            else f"more than one call in 20 misses the budget of {budget:g} s",
        ),
        *parts,
    )
