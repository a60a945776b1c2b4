"""Explains routes: of requests that nobody makes, and of decisions that were made.

Reads the state of the router and changes nothing of it: nothing is drawn, counted or called.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Mapping

from routersvc.domain.catalogue.deployments import (
    Deployment,
)
from routersvc.domain.catalogue.modes import (
    OrderMode,
)
from routersvc.domain.catalogue.requests import (
    Request,
)
from routersvc.domain.explaining.explanations import (
    Explanation,
    ExplanationSnapshot,
    explained,
    first_two,
    with_hedging,
)
from routersvc.domain.explaining.remembered_decisions import (
    DecisionStore,
    RememberedDecision,
)
from routersvc.domain.fleet.fleet import (
    Fleet,
)
from routersvc.domain.fleet.leases import (
    LeaseRefusal,
)
from routersvc.domain.measures.cost_budgets import (
    CostBudgets,
)
from routersvc.domain.planning.deployment_orders import (
    DeploymentOrder,
)
from routersvc.domain.planning.limits import (
    Limits,
)
from routersvc.domain.planning.planner import (
    Planner,
)
from routersvc.domain.planning.planning_errors import (
    NoEligibleDeploymentError,
    TenantBudgetExhaustedError,
)
from routersvc.domain.planning.plans import (
    Plan,
)
from routersvc.domain.racing.hedge_situations import (
    decide_hedge,
)

LOOKED_AT = 8
"""Deployments of a plan whose state is noted with its decision: more than calls ever come to."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Explainer:
    """Explains routes by one configuration and the state of one router."""

    planner: Planner
    fleet: Fleet
    budgets: CostBudgets
    decisions: DecisionStore
    configuration_digest: str
    clock: Callable[[], float]
    wall_clock: Callable[[], float]

    def explain(self, request: Request) -> Explanation:
        """Tell where a request would go and why.

        Raises:
            RefusedError: the request names what does not exist.
        """
        now = self.clock()
        taken_at = self.wall_clock()
        view = self.fleet.reading_view(now)
        limits = self.planner.limits(
            request, budget=self.budgets.standing(request.tenant, now), at=taken_at
        )
        order = None
        plan = None
        obstacles: dict[str, LeaseRefusal] = {}
        with contextlib.suppress(NoEligibleDeploymentError, TenantBudgetExhaustedError):
            order = self.planner.order(limits, view)
            plan = self.planner.plan_of(order, limits)
            obstacles = self.fleet.obstacles(plan.deployments, plan, now)
            plan = self._with_hedging(plan, obstacles, now)
        return explained(
            self.planner,
            limits,
            order,
            plan,
            ExplanationSnapshot(
                view=view,
                obstacles=obstacles,
                taken_at=taken_at,
                configuration_digest=self.configuration_digest,
            ),
        )

    def explain_decision(self, decision_id: str, *, tenant: str) -> Explanation:
        """Tell where a past request of a tenant went and why.

        Raises:
            RefusedError: nobody knows the tenant, or no such decision of it is remembered.
        """
        self.planner.tenant(tenant)
        return self.decisions.find(decision_id, tenant=tenant, now=self.clock()).explain()

    def remembered(
        self, limits: Limits, order: DeploymentOrder, plan: Plan, *, received_at: float, now: float
    ) -> RememberedDecision | None:
        """Return what a decision rests on, `None` where none is remembered."""
        if not self.decisions.keeps_any:
            return None
        looked_at = plan.deployments[:LOOKED_AT]
        return RememberedDecision(
            self.planner,
            limits,
            order,
            plan,
            obstacles=self.fleet.obstacles(looked_at, plan, now),
            first_contents=self._first_contents(looked_at, limits, now),
            taken_at=received_at,
            configuration_digest=self.configuration_digest,
        )

    def _first_contents(
        self, deployments: Iterable[Deployment], limits: Limits, now: float
    ) -> tuple[float | None, ...]:
        """Return the usual seconds to first content where planning has looked at them, in order."""
        request = limits.request
        if limits.order is not OrderMode.RANKED and request.routing.latency_budget is None:
            return ()
        streaming = request.streaming
        return tuple(
            self.fleet.seen_first_content(deployment, streaming=streaming, now=now)
            for deployment in deployments
        )

    def _with_hedging(self, plan: Plan, obstacles: Mapping[str, LeaseRefusal], now: float) -> Plan:
        """Return the plan with what its hedging rule would come to for the first attempt."""
        primary, other = first_two(plan.deployments, obstacles)
        decision = decide_hedge(
            self.fleet,
            plan,
            primary=primary,
            other=other,
            running=1,
            time_left=plan.timeout,
            now=now,
        )
        return with_hedging(plan, decision)
