"""Plans and fleets as the domain's tests want them."""

from __future__ import annotations

import random
from collections.abc import Sequence

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.modes import ConsistencyMode, HedgingMode
from routersvc.domain.catalogue.policies import Priority
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.fleet.fleet import Fleet
from routersvc.domain.fleet.reloading.fleet_rules import FleetRules
from routersvc.domain.measures.cost_budgets import BudgetStanding
from routersvc.domain.planning.candidates import Candidate
from routersvc.domain.planning.live_stats import NOTHING_KNOWN, LiveStats, LiveView
from routersvc.domain.planning.planner import Planner
from routersvc.domain.planning.plans import HedgingPlan, Plan, RefusedRequest
from routersvc.domain.planning.scored_candidates import candidates
from routersvc.testing.worlds import scripted_policy

NO_HEDGING = HedgingPlan(mode=HedgingMode.OFF, delay=None, max_parallel=1, description="off")


def plan_over(*deployments: Deployment, tokens: int = 100) -> Plan:
    """Return a plan for a streamed request."""
    policy = scripted_policy([deployment.name for deployment in deployments])
    return Plan(
        policy=policy,
        deployments=deployments,
        max_attempts=3,
        timeout=60.0,
        timeouts=policy.timeouts,
        retries=policy.retries,
        hedging_rule=policy.hedging,
        hedging=NO_HEDGING,
        priority=Priority.NORMAL,
        previous_attempts=0,
        tokens=tokens,
        stream_recovery=policy.stream_recovery,
        consistency=ConsistencyMode.ANY,
        streaming=True,
        has_side_effects=False,
        failover_on_refusal=False,
    )


def fleet_of(*deployments: Deployment, rules: FleetRules | None = None) -> Fleet:
    """Return a fleet that draws from one seed."""
    return Fleet(deployments, random=random.Random(0), rules=rules)


class NoStats:
    """A view of a fleet without statistics, which leaves every order as it is."""

    def balanced(self, equals: Sequence[Deployment]) -> Sequence[Deployment]:
        """Return them unchanged."""
        return equals

    def is_ready(self, deployment: Deployment) -> bool:
        """Return true: nothing keeps calls away."""
        del deployment
        return True

    def live_stats(self, deployment: Deployment, *, streaming: bool) -> LiveStats:
        """Return no statistics."""
        del deployment, streaming
        return NOTHING_KNOWN


NO_STATS = NoStats()


def plan_of(
    planner: Planner,
    request: Request,
    budget: BudgetStanding | None = None,
    *,
    view: LiveView = NO_STATS,
) -> Plan:
    """Return the plan for a request; raise the error if nothing may serve it."""
    planned = planner.plan(request, view, budget=budget, at=0.0)
    if isinstance(planned, RefusedRequest):
        raise planned.error
    return planned.plan


def candidates_of(planner: Planner, request: Request) -> tuple[Candidate, ...]:
    """Return every deployment with score or exclusions, also if nothing may serve."""
    planned = planner.plan(request, NO_STATS, budget=None, at=0.0)
    return candidates(planner.catalogue, planned, NO_STATS)
