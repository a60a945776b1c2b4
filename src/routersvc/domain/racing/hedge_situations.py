"""What a hedge depends on, read from the fleet.

Decisions only read. Calls refresh the latencies before they decide; explanations do not.
"""

from __future__ import annotations

from collections.abc import Iterable

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.modes import HedgingMode
from routersvc.domain.fleet.fleet import Fleet
from routersvc.domain.measures.latency_histories import LatencyView
from routersvc.domain.planning.plans import Plan
from routersvc.domain.racing.hedges import HedgeDecision, HedgeSituation, decide, has_exploded


def decide_hedge(
    fleet: Fleet,
    plan: Plan,
    *,
    primary: Deployment,
    other: Deployment | None,
    running: int,
    time_left: float,
    now: float,
    refused_after: float | None = None,
) -> HedgeDecision:
    """Return when a hedge on `other` may start beside the attempt on `primary`.

    `time_left` is seconds from the start of that attempt to the deadline. `refused_after` is when a
    hedge was due and did not get a lease, also in seconds from that start.
    """
    rule = plan.hedging_rule
    weighs_cost = rule.mode is HedgingMode.AUTO
    other_view = None
    other_duration = None
    if other is not None:
        other_view = _latency_view(fleet, other, plan, now)
        if weighs_cost or refused_after is not None:
            other_duration = fleet.usual_duration(other, now)
    return decide(
        rule,
        HedgeSituation(
            running=running,
            has_other=other is not None,
            time_left=time_left,
            useful_time=plan.timeouts.useful,
            priority=plan.priority,
            previous_attempts=plan.previous_attempts,
            has_side_effects=plan.has_side_effects,
            latency_budget=plan.latency_budget,
            primary=_latency_view(fleet, primary, plan, now),
            primary_degraded=weighs_cost and fleet.is_degraded(primary, now),
            other=other_view,
            other_duration=other_duration,
            cost_ratio=_cost_ratio(primary, other) if weighs_cost else None,
            refused_after=refused_after,
        ),
    )


def refresh_latencies(
    fleet: Fleet, deployments: Iterable[Deployment], plan: Plan, now: float
) -> None:
    """Let the decisions of a plan's calls share the latencies of `deployments` as they are now."""
    percentile = plan.hedging_rule.percentile
    fleet.refresh_latency_views(deployments, percentile, streaming=plan.streaming, now=now)


def has_latency_surge(fleet: Fleet, deployment: Deployment, plan: Plan, now: float) -> bool:
    """Whether a hedge on `deployment` would not help: its own latency has exploded."""
    return has_exploded(_latency_view(fleet, deployment, plan, now), plan.hedging_rule)


def _latency_view(
    fleet: Fleet, deployment: Deployment, plan: Plan, now: float
) -> LatencyView | None:
    return fleet.latency_view(
        deployment, plan.hedging_rule.percentile, streaming=plan.streaming, now=now
    )


def _cost_ratio(primary: Deployment, other: Deployment | None) -> float | None:
    """Return what a token of the other costs as a multiple of one of the primary's."""
    if other is None or primary.model.prices is None or other.model.prices is None:
        return None
    ours = primary.model.prices.input + primary.model.prices.output
    theirs = other.model.prices.input + other.model.prices.output
    return theirs / ours if ours else None
