"""Puts the deployments that may serve into the order in which a plan tries them.

Fixed: as the policy or the rule lists them. Balanced: model by model in that order, the deployments
of one model by their load. Ranked: the models by their score, the deployments again by load. A
session takes the place of the load, and with it of all that only one replica knows: the same
session finds the same deployment everywhere. Preferred models come before all others.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from routersvc.domain.catalogue.deployments import (
    Deployment,
)
from routersvc.domain.catalogue.modes import (
    ConsistencyMode,
    OrderMode,
)
from routersvc.domain.planning.affinity import (
    by_affinity,
    with_canaries,
)
from routersvc.domain.planning.exclusion_reasons import (
    Exclusion,
    ExclusionReason,
)
from routersvc.domain.planning.exclusions import (
    expected_cost,
)
from routersvc.domain.planning.limits import (
    Limits,
)
from routersvc.domain.planning.live_stats import (
    NOTHING_KNOWN,
    LiveStats,
    LiveView,
)
from routersvc.domain.planning.ranking import (
    Prospect,
    Standing,
    standings,
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class DeploymentOrder:
    """The deployments to try, best first.

    `standings` are by model and empty where nothing was ranked. `set_aside` holds, by name, what
    may serve but not stand in for the first choice.
    """

    deployments: tuple[Deployment, ...]
    standings: Mapping[str, Standing] = dataclasses.field(default_factory=dict[str, Standing])
    set_aside: Mapping[str, tuple[Exclusion, ...]] = dataclasses.field(
        default_factory=dict[str, tuple[Exclusion, ...]]
    )


def ordered(allowed: Sequence[Deployment], limits: Limits, view: LiveView) -> DeploymentOrder:
    """Return the order of `allowed`, which stand in that of the policy; at least one."""
    preferred = limits.preferred
    last = len(preferred)
    if limits.order is OrderMode.FIXED:
        chosen = list(allowed)
        if preferred:
            chosen.sort(key=lambda one: preferred.get(one.model.name, last))
        return _narrowed(chosen, {}, limits)
    groups = list(_by_model(allowed).values())
    scores: dict[str, Standing] = {}
    if limits.order is OrderMode.RANKED:
        scores = _scores(groups, limits, view)
        groups.sort(key=lambda group: -scores[group[0].model.name].score)
    elif limits.request.routing.latency_budget is not None:
        groups.sort(key=lambda group: _is_too_late(group, limits, view))
    if preferred:
        groups.sort(key=lambda group: preferred.get(group[0].model.name, last))
    chosen = [one for group in groups for one in _arranged(group, limits, view)]
    return _narrowed(chosen, scores, limits)


def _by_model(deployments: Sequence[Deployment]) -> dict[str, list[Deployment]]:
    groups: dict[str, list[Deployment]] = {}
    for deployment in deployments:
        groups.setdefault(deployment.model.name, []).append(deployment)
    return groups


def _arranged(equals: Sequence[Deployment], limits: Limits, view: LiveView) -> Sequence[Deployment]:
    """Return the deployments of one model in the order in which to try them."""
    routing = limits.request.routing
    if len(equals) == 1 or routing.deterministic:
        return equals
    session = routing.session_id
    arranged = by_affinity(session, equals) if session else view.balanced(equals)
    return with_canaries(session or limits.request.request_id, arranged)


def _scores(
    groups: Sequence[Sequence[Deployment]], limits: Limits, view: LiveView
) -> dict[str, Standing]:
    prospects = [_prospect(group, limits, view) for group in groups]
    budget = limits.request.routing.latency_budget
    found = standings(prospects, limits.weights, latency_budget=budget)
    return {group[0].model.name: standing for group, standing in zip(groups, found, strict=True)}


def _prospect(equals: Sequence[Deployment], limits: Limits, view: LiveView) -> Prospect:
    """Return what is expected of one model: of its best deployment, where they differ."""
    model = equals[0].model
    profile = limits.profile
    # Every deployment passes here for every ranked request: one walk, and no calls on the way.
    latency = late = success_rate = None
    in_session = limits.request.routing.session_id
    for live_stats in () if in_session else live_stats_of(equals, limits, view):
        if live_stats.latency is not None and (latency is None or live_stats.latency < latency):
            latency = live_stats.latency
        if live_stats.late is not None and (late is None or live_stats.late < late):
            late = live_stats.late
        rate = live_stats.success_rate
        if rate is not None and (success_rate is None or rate > success_rate):
            success_rate = rate
    return Prospect(
        quality=model.quality.expected(profile.task, profile.complexity),
        cost=expected_cost(equals[0], profile),
        latency=latency,
        late=late,
        success_rate=success_rate,
    )


def live_stats_of(
    deployments: Sequence[Deployment], limits: Limits, view: LiveView
) -> Sequence[LiveStats]:
    """Return what a plan may know: for a session nothing that one replica alone knows."""
    if limits.request.routing.session_id:
        return [NOTHING_KNOWN] * len(deployments)
    streaming = limits.request.streaming
    look = view.live_stats
    return [look(deployment, streaming=streaming) for deployment in deployments]


def _is_too_late(equals: Sequence[Deployment], limits: Limits, view: LiveView) -> bool:
    budget = limits.request.routing.latency_budget
    live_stats_list = live_stats_of(equals, limits, view)
    late = _least([one.late for one in live_stats_list if one.late is not None])
    return budget is not None and late is not None and late > budget


def _least(values: Sequence[float]) -> float | None:
    return min(values, default=None)


def _narrowed(
    chosen: Sequence[Deployment], scores: Mapping[str, Standing], limits: Limits
) -> DeploymentOrder:
    """Set aside what may not stand in for the first choice."""
    first = chosen[0].model
    set_aside: dict[str, tuple[Exclusion, ...]] = {}
    if limits.consistency is ConsistencyMode.EQUIVALENT:
        same = first.equivalent_to | {first.name}
        for deployment in chosen:
            if deployment.model.name not in same:
                set_aside[deployment.name] = (
                    Exclusion(
                        reason=ExclusionReason.NOT_EQUIVALENT,
                        description=f"`{deployment.model.name}` is not equivalent to "
                        f"`{first.name}`",
                        eligible_if="the consistency mode were `any`, or `equivalent_to` of "
                        f"`{first.name}` named `{deployment.model.name}`",
                    ),
                )
    if not limits.allow_degraded:
        for deployment in chosen:
            if deployment.model.tier > first.tier:
                set_aside[deployment.name] = (
                    *set_aside.get(deployment.name, ()),
                    Exclusion(
                        reason=ExclusionReason.LOWER_TIER,
                        description=f"its tier {deployment.model.tier} is weaker than "
                        f"{first.tier}, that of the first choice",
                        eligible_if="`allow_degraded` were set",
                    ),
                )
    if not set_aside:
        return DeploymentOrder(deployments=tuple(chosen), standings=scores)
    return DeploymentOrder(
        deployments=tuple(one for one in chosen if one.name not in set_aside),
        standings=scores,
        set_aside=set_aside,
    )
