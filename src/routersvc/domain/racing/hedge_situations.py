"""What a hedge or a rescue depends on, read from the fleet.

Calls refresh the latencies before they decide; explanations only read.
"""

from __future__ import annotations

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.modes import HedgingMode
from routersvc.domain.fleet.fleet import Fleet
from routersvc.domain.measures.latency_histories import LatencyView
from routersvc.domain.planning.plans import Plan
from routersvc.domain.racing.attempts import Attempt
from routersvc.domain.racing.hedges import (
    HedgeDecision,
    HedgeReason,
    HedgeSituation,
    decide,
)
from routersvc.domain.racing.latency_lenders import (
    latency,
    own_latency,
    usual_duration,
)
from routersvc.domain.racing.timeouts import is_silent, patience


def decide_hedge(  # noqa: PLR0913 - each is a part of the situation
    plan: Plan,
    *,
    primary: Deployment,
    primary_latency: LatencyView | None,
    other: Deployment | None,
    other_latency: LatencyView | None,
    other_duration: float | None,
    running: int,
    time_left: float,
    has_content: bool = False,
    refused_after: float | None = None,
) -> HedgeDecision:
    """Return when another attempt, on `other`, may start beside the attempt on `primary`.

    The latencies are the times to first content, that of the primary borrowed where it has too few
    samples; `other_duration` is the time in seconds in which the other gives nearly every whole
    answer. `time_left` is seconds from the start of that attempt to the deadline. `refused_after`
    is when a hedge was due and did not get a lease, also in seconds from that start. `has_content`
    says that the content of the attempt has begun to arrive.
    """
    rule = plan.hedging_rule
    if rule.mode is HedgingMode.OFF:
        return HedgeDecision(delay=None, reason=HedgeReason.OFF)
    return decide(
        rule,
        HedgeSituation(
            running=running,
            has_other=other is not None,
            time_left=time_left,
            useful_time=plan.timeouts.useful,
            patience=patience(plan, primary, time_left),
            has_content=has_content,
            priority=plan.priority,
            previous_attempts=plan.previous_attempts,
            has_side_effects=plan.has_side_effects,
            latency_budget=plan.latency_budget,
            primary=primary_latency,
            other=other_latency,
            other_duration=other_duration,
            cost_ratio=_cost_ratio(primary, other) if rule.mode is HedgingMode.AUTO else None,
            refused_after=refused_after,
        ),
    )


def decide_first_hedge(
    fleet: Fleet, plan: Plan, *, primary: Deployment, other: Deployment | None, now: float
) -> HedgeDecision:
    """Return what would be decided on a hedge if the first attempt started now. Only reads."""
    return decide_hedge(
        plan,
        primary=primary,
        primary_latency=latency(fleet, primary, plan, now),
        other=other,
        other_latency=None if other is None else own_latency(fleet, other, plan, now),
        other_duration=None if other is None else usual_duration(fleet, other, now),
        running=1,
        time_left=plan.timeout,
    )


def was_silent(fleet: Fleet, plan: Plan, attempt: Attempt, deadline: float, now: float) -> bool:
    """Whether a loser gave no content for so long that it counts against its deployment."""
    if attempt.first_content_at is not None:
        return False
    waited = now - attempt.started_at
    if waited < patience(plan, attempt.deployment, deadline - attempt.started_at):
        return False
    view = latency(fleet, attempt.deployment, plan, now)
    if view is None or view.samples < plan.hedging_rule.min_samples:
        return is_silent(waited, usual=None)
    usual = view.percentile if view.surge is None else view.percentile / view.surge
    return is_silent(waited, usual=usual)


def _cost_ratio(primary: Deployment, other: Deployment | None) -> float | None:
    """Return what a token of the other costs as a multiple of one of the primary's."""
    if other is None or primary.model.prices is None or other.model.prices is None:
        return None
    ours = primary.model.prices.input + primary.model.prices.output
    theirs = other.model.prices.input + other.model.prices.output
    return theirs / ours if ours else None
