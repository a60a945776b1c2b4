"""Every deployment as a candidate for a request: with its score, or with its exclusions.

Computed for explanations and refusals only; a plan needs the order alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.ranking_goals import SlackGoal, WorthGoal
from routersvc.domain.catalogue.weights import Weights
from routersvc.domain.planning.candidates import Candidate, ScorePart
from routersvc.domain.planning.deployment_orders import DeploymentOrder, live_stats_of
from routersvc.domain.planning.exclusion_reasons import Exclusion, ExclusionReason
from routersvc.domain.planning.exclusions import exclusions
from routersvc.domain.planning.limits import Limits
from routersvc.domain.planning.live_stats import LiveView
from routersvc.domain.planning.plans import PlannedRequest, RefusedRequest
from routersvc.domain.planning.ranking import RankingScore

_INEXPRESSIBLE = (
    Exclusion(
        reason=ExclusionReason.WIRE_FORMAT,
        description="its wire format cannot express the request",
        eligible_if="the request did without what the wire format lacks",
    ),
)
"""What excluded a deployment for which a past request, whose prompt is gone, gives no reason."""


def excluded(deployments: Iterable[Deployment], limits: Limits) -> list[Candidate]:
    """Return each of the deployments with its exclusions, if it has any."""
    return [
        _candidate(deployment, limits, exclusions=exclusions(deployment, limits))
        for deployment in deployments
    ]


def candidates(
    catalogue: Catalogue,
    planned: PlannedRequest | RefusedRequest,
    view: LiveView,
    *,
    only_listed: bool = False,
) -> tuple[Candidate, ...]:
    """Return the deployments of the plan with their scores, then the others with exclusions.

    With `only_listed`, the others are those that the policy or its rule lists.
    """
    limits = planned.limits
    names = limits.fixed.listed if only_listed else catalogue.deployments
    known = catalogue.deployments
    by_name = [known[name] for name in sorted(names) if name in known]
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
            exclusions=exclusions(deployment, limits)
            or order.set_aside.get(deployment.name, _INEXPRESSIBLE),
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
    parts = _ranked_parts(ranked, limits, limits.expected_cost(deployment.model))
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


def _ranked_parts(
    ranked: RankingScore, limits: Limits, cost: float | None
) -> tuple[ScorePart, ...]:
    weights = ranked.weights
    task, complexity = limits.profile.kind
    quality = f"expected quality for the task {task.value} at complexity {complexity:.2f}"
    latency = "recent latency of the fastest model divided by that of this one"
    health = "recent success rate"
    match limits.goal:
        case WorthGoal():
            quality = f"{quality}; a right answer is worth {_dollars(weights.quality)}"
            costs = _cost_words(cost, ranked)
            latency = _latency_words(ranked, limits.goal)
            health = f"{health}, counted in the other parts: where it fails, another model answers"
        case SlackGoal():
            costs = _cost_words(cost, ranked)
            latency = _latency_words(ranked, limits.goal)
            health = f"{health}, counted in the other parts: where it fails, another model answers"
        case Weights():
            costs = "expected cost of the cheapest model divided by that of this one"
    parts = [
        ScorePart(name=name, value=value, weight=weight, description=description)
        for name, value, weight, description in (
            ("quality", ranked.quality, weights.quality, quality),
            ("cost", ranked.cost, weights.cost, costs),
            ("latency", ranked.latency, weights.latency, latency),
            ("health", ranked.health, weights.health, health),
        )
    ]
    if isinstance(limits.goal, SlackGoal):
        slack = limits.goal.slack
        parts.insert(
            0,
            ScorePart(
                name="quality_slack",
                value=float(ranked.enough),
                weight=weights.enough,
                description=f"expected quality at most {slack:g} below the best"
                if ranked.enough
                else f"expected quality more than {slack:g} below the best",
            ),
        )
    budget = limits.request.routing.latency_budget
    if budget is not None:
        parts.insert(
            0,
            ScorePart(
                name="latency_budget",
                value=float(ranked.keeps_latency_budget),
                weight=ranked.budget_weight,
                description="95th percentile of time to first content within "
                f"{budget:g} s, or unknown"
                if ranked.keeps_latency_budget
                else f"95th percentile of time to first content above {budget:g} s",
            ),
        )
    return tuple(parts)


def _cost_words(cost: float | None, ranked: RankingScore) -> str:
    if cost is None:
        return "no price is known: counted as the dearest model"
    words = f"expected cost {_dollars(cost)}"
    if not ranked.weights.cost:
        return words
    saved = _dollars(ranked.cost * ranked.weights.cost)
    return f"{words}, which is {saved} less than that of the dearest model"


def _latency_words(ranked: RankingScore, goal: WorthGoal | SlackGoal) -> str:
    saved = ranked.latency * ranked.weights.latency
    return (
        "recent latency, compared with the slowest model at "
        f"{_dollars(goal.second_usd)} per second: {_dollars(saved)}"
    )


def _dollars(amount: float) -> str:
    """Return an amount with enough digits for prices of single calls."""
    return f"${amount:.4g}"
