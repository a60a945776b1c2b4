"""The latencies that decisions use: those of a deployment itself, or borrowed where it has too few.

Another deployment of the same model is the best guess, then one of the same provider, then one of
the same wire format. Only typical latencies are borrowed: whether a deployment is slower than usual
is its own affair.
"""

from __future__ import annotations

import dataclasses

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.fleet.fleet import Fleet
from routersvc.domain.measures.latency_histories import LatencyView
from routersvc.domain.planning.plans import Plan


def own_latency(fleet: Fleet, deployment: Deployment, plan: Plan, now: float) -> LatencyView | None:
    """Return the times to first content of a deployment for one plan's class of request."""
    return fleet.latency_view(
        deployment, plan.hedging_rule.percentile, streaming=plan.streaming, now=now
    )


def latency(fleet: Fleet, deployment: Deployment, plan: Plan, now: float) -> LatencyView | None:
    """Return the same, borrowed where the deployment itself has too few samples.

    `None` where it has none and nobody else has enough.
    """
    own = own_latency(fleet, deployment, plan, now)
    if own is not None and own.samples >= plan.hedging_rule.min_samples:
        return own
    return _borrowed(fleet, deployment, plan, now) or own


def _borrowed(fleet: Fleet, deployment: Deployment, plan: Plan, now: float) -> LatencyView | None:
    """Return the latency of the best lender; `None` where nobody has enough samples."""
    least = plan.hedging_rule.min_samples
    for lenders in fleet.lenders(deployment):
        views = (own_latency(fleet, lender, plan, now) for lender in lenders)
        known = [view for view in views if view is not None and view.samples >= least]
        if known:
            return dataclasses.replace(max(known, key=_samples_of), surge=None)
    return None


def usual_duration(fleet: Fleet, deployment: Deployment, now: float) -> float | None:
    """Return the seconds in which 19 of 20 whole answers come, borrowed where none is known."""
    own = fleet.usual_duration(deployment, now)
    if own is not None:
        return own
    for lenders in fleet.lenders(deployment):
        durations = (fleet.usual_duration(lender, now) for lender in lenders)
        known = [duration for duration in durations if duration is not None]
        if known:
            return max(known)
    return None


def refreshed_latency(
    fleet: Fleet, deployment: Deployment, plan: Plan, now: float
) -> LatencyView | None:
    """Return what `own_latency` does, and let the decisions of other calls share it."""
    return fleet.refreshed_latency(
        deployment, plan.hedging_rule.percentile, streaming=plan.streaming, now=now
    )


def refreshed_or_borrowed_latency(
    fleet: Fleet, deployment: Deployment, plan: Plan, now: float
) -> LatencyView | None:
    """Return what `latency` does, and let the decisions of other calls share what it reads."""
    own = refreshed_latency(fleet, deployment, plan, now)
    if own is not None and own.samples >= plan.hedging_rule.min_samples:
        return own
    for lenders in fleet.lenders(deployment):
        for lender in lenders:
            refreshed_latency(fleet, lender, plan, now)
    return _borrowed(fleet, deployment, plan, now) or own


def _samples_of(view: LatencyView) -> int:
    return view.samples
