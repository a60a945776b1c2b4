"""Why a request goes where it goes, or where a past one went.

Written from values that do not change any more: limits, order, plan, and what was known of the
deployments at one moment. The same values give the same explanation, whenever it is asked for.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from routersvc.domain.catalogue.deployments import (
    Deployment,
)
from routersvc.domain.catalogue.modes import (
    HedgingMode,
)
from routersvc.domain.catalogue.policies import (
    Policy,
)
from routersvc.domain.fleet.leases import (
    LeaseRefusal,
)
from routersvc.domain.outcomes.reports import (
    RouteReport,
)
from routersvc.domain.planning.candidates import (
    Candidate,
    EffectiveConstraint,
)
from routersvc.domain.planning.deployment_orders import (
    DeploymentOrder,
)
from routersvc.domain.planning.exclusions import (
    effective_constraints,
)
from routersvc.domain.planning.limits import (
    Limits,
)
from routersvc.domain.planning.live_stats import (
    LiveView,
)
from routersvc.domain.planning.planner import (
    Planner,
)
from routersvc.domain.planning.plans import (
    HedgingPlan,
    Plan,
)
from routersvc.domain.profiling.profiles import (
    Profile,
    evidence_of,
)
from routersvc.domain.racing.hedges import (
    HedgeDecision,
    HedgeReason,
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """Why a request goes where it goes.

    `candidates` holds the eligible in the order of the plan, then the others by name. `obstacles`
    tell by name what keeps a deployment of the plan from being called at that moment: nothing that
    a request could change. `plan` is `None` where nothing is eligible. `snapshot_at` is wall-clock
    time. `report` tells what became of a past decision.
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
    """What was known of the deployments at one moment, and by which configuration."""

    view: LiveView
    obstacles: Mapping[str, LeaseRefusal]
    taken_at: float
    configuration_digest: str


def explained(
    planner: Planner,
    limits: Limits,
    order: DeploymentOrder | None,
    plan: Plan | None,
    snapshot: ExplanationSnapshot,
    *,
    report: RouteReport | None = None,
) -> Explanation:
    """Return why a request goes where `order` and `plan` send it; `None` where nothing may serve.

    Reads nothing of the prompt but the length of the answer that it allows.
    """
    return Explanation(
        profile=dataclasses.replace(
            limits.profile, evidence=evidence_of(limits.profile, limits.request)
        ),
        policy=limits.policy,
        policy_choice=limits.policy_choice,
        constraints=effective_constraints(limits),
        candidates=planner.candidates_of(order, limits, snapshot.view),
        plan=plan,
        obstacles=snapshot.obstacles,
        snapshot_at=snapshot.taken_at,
        configuration_digest=snapshot.configuration_digest,
        report=report,
    )


def with_hedging(plan: Plan, decision: HedgeDecision | None) -> Plan:
    """Return the plan with what its hedging rule comes to for the first attempt.

    `None` where nobody has decided: hedging is off, or no attempt has started.
    """
    rule = plan.hedging_rule
    if decision is None and rule.mode is HedgingMode.OFF:
        decision = HedgeDecision(delay=None, reason=HedgeReason.OFF)
    return dataclasses.replace(
        plan,
        hedging=HedgingPlan(
            mode=rule.mode,
            delay=None if decision is None else decision.delay,
            max_parallel=rule.max_parallel,
            description="no hedge: no attempt has started"
            if decision is None
            else decision.description,
        ),
    )


def first_two(
    deployments: Iterable[Deployment], obstacles: Mapping[str, LeaseRefusal]
) -> tuple[Deployment, Deployment | None]:
    """Return who is called first, and who stands by: those that nothing keeps away come first."""
    first, *others = sorted(deployments, key=lambda one: one.name in obstacles)
    return first, (others[0] if others else None)
