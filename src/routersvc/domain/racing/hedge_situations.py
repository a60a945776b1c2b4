"""What a hedge or a rescue depends on, read from the fleet.

Decisions only read. Calls refresh the latencies before they decide; explanations do not.
"""

from __future__ import annotations

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.modes import HedgingMode
from routersvc.domain.fleet.fleet import Fleet
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
    fleet: Fleet,
    plan: Plan,
    *,
    primary: Deployment,
    other: Deployment | None,
    running: int,
    time_left: float,
    now: float,
    has_content: bool = False,
    refused_after: float | None = None,
) -> HedgeDecision:
    """Return when another attempt, on `other`, may start beside the attempt on `primary`.

    `time_left` is seconds from the start of that attempt to the deadline. `refused_after` is when a
    hedge was due and did not get a lease, also in seconds from that start. `has_content` says that
    the content of the attempt has begun to arrive.
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
            primary=latency(fleet, primary, plan, now),
            other=None if other is None else own_latency(fleet, other, plan, now),
            other_duration=None if other is None else usual_duration(fleet, other, now),
            cost_ratio=_cost_ratio(primary, other) if rule.mode is HedgingMode.AUTO else None,
            refused_after=refused_after,
        ),
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
