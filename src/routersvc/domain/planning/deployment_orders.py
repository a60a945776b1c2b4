"""Orders the deployments that may serve, best first.

Fixed: as the policy or the rule lists them. Balanced: models as listed, the deployments of one
model by load. Ranked: models by score, the deployments of one model by load. For a request with a
session, affinity replaces load and the statistics of this replica are ignored, so that every
replica picks the same deployment. Preferred models come before all others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.modes import ConsistencyMode, OrderMode
from routersvc.domain.planning.affinity import by_affinity, with_canaries
from routersvc.domain.planning.exclusion_reasons import Exclusion, ExclusionReason
from routersvc.domain.planning.limits import Limits
from routersvc.domain.planning.live_stats import NOTHING_KNOWN, LiveStats, LiveView
from routersvc.domain.planning.ranking import RankingInput, RankingScore, ranking_scores
from routersvc.domain.values import Value


class DeploymentOrder(Value, frozen=True, kw_only=True):
    """The deployments to try, best first.

    `scores` are by model, empty unless models were ranked. `set_aside` has the exclusions, by name,
    of deployments that satisfy all constraints but may not stand in for the first choice.
    """

    deployments: tuple[Deployment, ...]
    scores: Mapping[str, RankingScore] = msgspec.field(default_factory=dict[str, RankingScore])
    set_aside: Mapping[str, tuple[Exclusion, ...]] = msgspec.field(
        default_factory=dict[str, tuple[Exclusion, ...]]
    )


def ordered(allowed: Sequence[Deployment], limits: Limits, view: LiveView) -> DeploymentOrder:
    """Return the order of `allowed`: at least one deployment, as the policy lists them."""
    preferred = limits.preferred
    last = len(preferred)
    if limits.order is OrderMode.FIXED:
        chosen = list(allowed)
        if preferred:
            chosen.sort(key=lambda one: preferred.get(one.model.name, last))
        return _without_unequal(chosen, {}, limits)
    groups = list(_by_model(allowed).values())
    scores: dict[str, RankingScore] = {}
    if limits.order is OrderMode.RANKED:
        scores = _scores(groups, limits, view)
        groups.sort(key=lambda group: -scores[group[0].model.name].score)
    elif limits.request.routing.latency_budget is not None:
        groups.sort(key=lambda group: _misses_latency_budget(group, limits, view))
    if preferred:
        groups.sort(key=lambda group: preferred.get(group[0].model.name, last))
    chosen = [one for group in groups for one in _arranged(group, limits, view)]
    return _without_unequal(chosen, scores, limits)


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
) -> dict[str, RankingScore]:
    inputs = [_ranking_input(group, limits, view) for group in groups]
    budget = limits.request.routing.latency_budget
    profile = limits.profile
    found = ranking_scores(
        inputs,
        limits.goal,
        tokens=profile.input_tokens + profile.output_tokens,
        latency_budget=budget,
    )
    return {group[0].model.name: score for group, score in zip(groups, found, strict=True)}


def _ranking_input(equals: Sequence[Deployment], limits: Limits, view: LiveView) -> RankingInput:
    """Return what is expected of one model; statistics are those of its best deployments.

    Only deployments that can be called now count, as long as there are any: what the others have
    shown says nothing of the calls to come. One of which nothing is known may answer every call.
    """
    model = equals[0].model
    # Hot path: every deployment, for every ranked request.
    latency = late = success_rate = None
    is_known = True
    in_session = limits.request.routing.session_id
    if len(equals) > 1 and not in_session:
        equals = [one for one in equals if view.is_ready(one)] or equals
    for live_stats in () if in_session else live_stats_of(equals, limits, view):
        if live_stats.latency is not None and (latency is None or live_stats.latency < latency):
            latency = live_stats.latency
        if live_stats.late is not None and (late is None or live_stats.late < late):
            late = live_stats.late
        rate = live_stats.success_rate
        if rate is None:
            is_known = False
        elif success_rate is None or rate > success_rate:
            success_rate = rate
    return RankingInput(
        quality=model.quality.expected(*limits.profile.kind),
        cost=limits.expected_cost(model),
        latency=latency,
        late=late,
        success_rate=success_rate if is_known else None,
    )


def live_stats_of(
    deployments: Sequence[Deployment], limits: Limits, view: LiveView
) -> Sequence[LiveStats]:
    """Return the statistics that may influence the order: none for a request with a session."""
    if limits.request.routing.session_id:
        return [NOTHING_KNOWN] * len(deployments)
    streaming = limits.request.streaming
    look = view.live_stats
    return [look(deployment, streaming=streaming) for deployment in deployments]


def _misses_latency_budget(equals: Sequence[Deployment], limits: Limits, view: LiveView) -> bool:
    budget = limits.request.routing.latency_budget
    live_stats_list = live_stats_of(equals, limits, view)
    late = min((one.late for one in live_stats_list if one.late is not None), default=None)
    return budget is not None and late is not None and late > budget


def _without_unequal(
    chosen: Sequence[Deployment], scores: Mapping[str, RankingScore], limits: Limits
) -> DeploymentOrder:
    """Set aside the deployments that may not stand in for the first choice."""
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
                        description=f"its tier {deployment.model.tier} is weaker than tier "
                        f"{first.tier} of the first choice",
                        eligible_if="`allow_degraded` were set",
                    ),
                )
    if not set_aside:
        return DeploymentOrder(deployments=tuple(chosen), scores=scores)
    return DeploymentOrder(
        deployments=tuple(one for one in chosen if one.name not in set_aside),
        scores=scores,
        set_aside=set_aside,
    )
