"""Every deployment as a candidate for a request: with its score, or with its exclusions.

Computed for explanations and refusals only; a plan needs the order alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.planning.candidates import Candidate, ScorePart
from routersvc.domain.planning.deployment_orders import DeploymentOrder, live_stats_of
from routersvc.domain.planning.exclusion_reasons import Exclusion
from routersvc.domain.planning.exclusions import exclusions
from routersvc.domain.planning.limits import Limits
from routersvc.domain.planning.live_stats import LiveView
from routersvc.domain.planning.plans import PlannedRequest, RefusedRequest
from routersvc.domain.planning.ranking import HEALTH_WEIGHT, RankingScore


def excluded(deployments: Iterable[Deployment], limits: Limits) -> list[Candidate]:
    """Return each of the deployments with its exclusions, if it has any."""
    return [
        _candidate(deployment, limits, exclusions=exclusions(deployment, limits))
        for deployment in deployments
    ]


def candidates(
    catalogue: Catalogue, planned: PlannedRequest | RefusedRequest, view: LiveView
) -> tuple[Candidate, ...]:
    """Return the deployments of the plan with their scores, then the others with exclusions."""
    by_name = [catalogue.deployments[name] for name in sorted(catalogue.deployments)]
    limits = planned.limits
    if isinstance(planned, RefusedRequest):
        return tuple(excluded(by_name, limits))
    order = planned.order
    in_plan = {deployment.name for deployment in order.deployments}
    count = len(order.deployments)
    scored = [
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
        for deployment in by_name
        if deployment.name not in in_plan
    ]
    return (*scored, *left_out)


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
        expected_cost_usd=limits.expected_cost(deployment.model),
        expected_first_content=expected_first_content,
    )


def _parts(
    deployment: Deployment, place: int, count: int, order: DeploymentOrder, limits: Limits
) -> tuple[ScorePart, ...]:
    name = deployment.model.name
    ranked = order.scores.get(name)
    if ranked is None:
        return (_order_part(deployment, place, count, limits),)
    parts = _ranked_parts(ranked, limits)
    if not limits.preferred:
        return parts
    last = len(limits.preferred)
    preference = ScorePart(
        name="preference",
        value=1 - limits.preferred.get(name, last) / last,
        weight=last * 2 * ranked.budget_weight,
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
        description = (
            f"place {limits.fixed.listed.index(deployment.name) + 1} in the order of {where}"
        )
    return ScorePart(
        name="order", value=(count - place) / count, weight=1.0, description=description
    )


def _ranked_parts(ranked: RankingScore, limits: Limits) -> tuple[ScorePart, ...]:
    weights = ranked.weights
    task, complexity = limits.profile.kind
    parts = (
        ScorePart(
            name="quality",
            value=ranked.quality,
            weight=weights.quality,
            description=f"expected quality for the task {task.value} "
            f"at complexity {complexity:.2f}",
        ),
        ScorePart(
            name="cost",
            value=ranked.cost,
            weight=weights.cost,
            description="expected cost of the cheapest model divided by that of this one",
        ),
        ScorePart(
            name="latency",
            value=ranked.latency,
            weight=weights.latency,
            description="recent latency of the fastest model divided by that of this one",
        ),
        ScorePart(
            name="health",
            value=ranked.health,
            weight=HEALTH_WEIGHT,
            description="recent success rate",
        ),
    )
    budget = limits.request.routing.latency_budget
    if budget is None:
        return parts
    return (
        ScorePart(
            name="latency_budget",
            value=float(ranked.keeps_latency_budget),
            weight=ranked.budget_weight,
            description=f"95th percentile of time to first content within {budget:g} s, or unknown"
            if ranked.keeps_latency_budget
            else f"95th percentile of time to first content above {budget:g} s",
        ),
        *parts,
    )
