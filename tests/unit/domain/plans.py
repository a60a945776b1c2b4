"""Plans and fleets as the domain's tests want them."""

from __future__ import annotations

import contextlib
import random

from routersvc.domain.catalogue.deployments import (
    Deployment,
)
from routersvc.domain.catalogue.modes import (
    ConsistencyMode,
    HedgingMode,
)
from routersvc.domain.catalogue.policies import (
    Priority,
)
from routersvc.domain.fleet.fleet import (
    Fleet,
    FleetRules,
)
from routersvc.domain.planning.candidates import (
    Candidate,
)
from routersvc.domain.planning.limits import (
    Limits,
)
from routersvc.domain.planning.live_stats import (
    BLANK,
)
from routersvc.domain.planning.planner import (
    Planner,
)
from routersvc.domain.planning.planning_errors import (
    NoEligibleDeploymentError,
    TenantBudgetExhaustedError,
)
from routersvc.domain.planning.plans import (
    HedgingPlan,
    Plan,
)
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


def candidates_of(planner: Planner, limits: Limits) -> tuple[Candidate, ...]:
    """Return every deployment with score or exclusions, also where nothing may serve."""
    order = None
    with contextlib.suppress(NoEligibleDeploymentError, TenantBudgetExhaustedError):
        order = planner.order(limits)
    return planner.candidates_of(order, limits, BLANK)
