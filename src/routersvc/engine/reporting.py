"""Writes the report of a call from its race."""

from __future__ import annotations

from collections.abc import Sequence

from routersvc.domain.conversation.usage import Usage
from routersvc.domain.outcomes.attempt_reports import AttemptCost, AttemptReason, AttemptReport
from routersvc.domain.outcomes.degradations import Degradation, DegradationRung
from routersvc.domain.outcomes.reports import RouteReport, Served
from routersvc.domain.planning.plans import Plan
from routersvc.domain.profiling.profiles import Profile
from routersvc.domain.racing.attempts import Attempt
from routersvc.domain.racing.races import Race
from routersvc.domain.values import Value

_BESIDE = frozenset({AttemptReason.HEDGE, AttemptReason.RESCUE})
"""Why an attempt starts beside one that runs."""


class Decision(Value, frozen=True, kw_only=True):
    """What was decided before a call started.

    `received_at` is wall-clock time in seconds since the epoch, `planning_duration` seconds.
    """

    decision_id: str
    tenant: str
    plan: Plan
    profile: Profile
    received_at: float
    planning_duration: float
    degradation: Degradation | None = None


def attempt_report(attempt: Attempt, decision: Decision, race: Race) -> AttemptReport:
    """Return the report of one attempt so far."""
    return attempt.report(profile=decision.profile, race_started_at=race.started_at)


def route_report(
    decision: Decision,
    race: Race,
    *,
    served: Attempt | None,
    recovered: bool,
    first_content_at: float | None,
    ended_at: float | None,
) -> RouteReport:
    """Return the report of a request so far; instants are those of the race."""
    started_at = race.started_at
    attempts = tuple(
        [
            attempt.report(profile=decision.profile, race_started_at=started_at)
            for attempt in race.attempts
        ]
    )
    return RouteReport(
        decision_id=decision.decision_id,
        policy=decision.plan.policy.name,
        tenant=decision.tenant,
        received_at=decision.received_at,
        planning_duration=decision.planning_duration,
        attempts=attempts,
        served=None
        if served is None
        else Served(
            deployment=served.deployment,
            model_version=served.model_version,
            response_id=served.response_id,
        ),
        hedged=len(attempts) > 1 and any(attempt.reason in _BESIDE for attempt in attempts),
        recovered=recovered,
        degradation=decision.degradation or _weaker(decision.plan, served),
        total_usage=_total_usage(attempts),
        total_cost=_total_cost(attempts),
        time_to_first_content=None if first_content_at is None else first_content_at - started_at,
        duration=None if ended_at is None else ended_at - started_at,
    )


def _weaker(plan: Plan, served: Attempt | None) -> Degradation | None:
    """Return the degradation where a weaker model than the first choice served; else `None`."""
    if served is None:
        return None
    first = plan.deployments[0].model
    model = served.deployment.model
    if model.tier <= first.tier:
        return None
    return Degradation(
        rung=DegradationRung.LOWER_TIER,
        description=f"`{model.name}` of tier {model.tier} stood in for `{first.name}`",
    )


def _total_usage(attempts: Sequence[AttemptReport]) -> Usage:
    if not attempts:
        return Usage()
    if len(attempts) == 1:
        return attempts[0].usage
    total = attempts[0].usage
    for attempt in attempts[1:]:
        total += attempt.usage
    return total


def _total_cost(attempts: Sequence[AttemptReport]) -> AttemptCost | None:
    """Sum costs; `None` where no price is known for any."""
    if len(attempts) == 1:
        return attempts[0].cost
    known = [attempt.cost for attempt in attempts if attempt.cost is not None]
    if not known:
        return None
    if len(known) == 1:
        return known[0]
    return AttemptCost(
        usd=sum(cost.usd for cost in known),
        wasted_usd=sum(cost.wasted_usd for cost in known),
        estimated=any(cost.estimated for cost in known),
    )
