"""Explanations of where a request would go, or where a past one went.

Derived from immutable values: the result of planning, and the state of the deployments at one
moment. The same values always give the same explanation.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.modes import HedgingMode
from routersvc.domain.catalogue.policies import Policy
from routersvc.domain.fleet.leases import LeaseRefusal
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.domain.planning.candidates import Candidate
from routersvc.domain.planning.effective_constraints import (
    EffectiveConstraint,
    effective_constraints,
)
from routersvc.domain.planning.live_stats import LiveView
from routersvc.domain.planning.plans import HedgingPlan, Plan, PlannedRequest, RefusedRequest
from routersvc.domain.planning.scored_candidates import candidates
from routersvc.domain.profiling.profiles import Profile, evidence_of
from routersvc.domain.racing.hedges import HedgeDecision, HedgeReason


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """Why a request is routed as it is.

    `candidates` are the eligible deployments in the order of the plan, then the others by name.
    `obstacles` are, by name, the reasons why a deployment of the plan cannot be called at that
    moment; no change of the request would remove them. `plan` is `None` if nothing is eligible.
    `snapshot_at` is wall-clock time. `report` is the outcome of a past decision.
    """

    profile: Profile
    policy: Policy
    policy_choice: str
    constraints: tuple[EffectiveConstraint, ...]
    candidates: tuple[Candidate, ...]
    plan: Plan | None
    obstacles: Mapping[str, LeaseRefusal]
    snapshot_at: float
    configuration_digest: str
    report: RouteReport | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ExplanationSnapshot:
    """The state of the deployments at one moment, and the configuration in force."""

    view: LiveView
    obstacles: Mapping[str, LeaseRefusal]
    taken_at: float
    configuration_digest: str


def explained(
    catalogue: Catalogue,
    planned: PlannedRequest | RefusedRequest,
    snapshot: ExplanationSnapshot,
    *,
    report: RouteReport | None = None,
    only_listed: bool = False,
) -> Explanation:
    """Return the explanation of what was planned for a request.

    With `only_listed`, deployments that the policy does not list are left out.

    Of the prompt it reads `max_output_tokens` alone.
    """
    limits = planned.limits
    return Explanation(
        profile=dataclasses.replace(
            limits.profile, evidence=evidence_of(limits.profile, limits.request)
        ),
        policy=limits.policy,
        policy_choice=limits.policy_choice,
        constraints=effective_constraints(limits),
        candidates=candidates(catalogue, planned, snapshot.view, only_listed=only_listed),
        plan=planned.plan if isinstance(planned, PlannedRequest) else None,
        obstacles=snapshot.obstacles,
        snapshot_at=snapshot.taken_at,
        configuration_digest=snapshot.configuration_digest,
        report=report,
    )


def with_hedging(plan: Plan, decision: HedgeDecision | None) -> Plan:
    """Return the plan with the decision on hedging the first attempt.

    The decision is `None` if hedging is off or no attempt has started.
    """
    rule = plan.hedging_rule
    if decision is None and rule.mode is HedgingMode.OFF:
        decision = HedgeDecision(delay=None, reason=HedgeReason.OFF)
    return dataclasses.replace(
        plan,
        hedging=HedgingPlan(
            mode=rule.mode,
            delay=None if decision is None else decision.delay,
            max_parallel=rule.most_parallel,
            description="no hedge: no attempt has started"
            if decision is None
            else decision.description,
        ),
    )


def primary_and_backup(
    deployments: Iterable[Deployment], obstacles: Mapping[str, LeaseRefusal]
) -> tuple[Deployment, Deployment | None]:
    """Return the deployments to call first and to hedge with; those without obstacles first."""
    first, *others = sorted(deployments, key=lambda one: one.name in obstacles)
    return first, (others[0] if others else None)
