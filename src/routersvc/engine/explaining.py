"""Explains routes: of hypothetical requests, and of past decisions.

Reads the state of the router without changing it: nothing is drawn, counted or called.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.modes import OrderMode
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.conversation.steps import Steps, finished
from routersvc.domain.explaining.explanations import (
    Explanation,
    ExplanationSnapshot,
    explained,
    primary_and_backup,
    with_hedging,
)
from routersvc.domain.explaining.remembered_decisions import DecisionStore, RememberedDecision
from routersvc.domain.fleet.fleet import Fleet
from routersvc.domain.fleet.leases import LeaseRefusal
from routersvc.domain.measures.cost_budgets import CostBudgets
from routersvc.domain.planning.limits import Limits
from routersvc.domain.planning.live_stats import LiveStats
from routersvc.domain.planning.planner import Planner, Profiled
from routersvc.domain.planning.plans import Plan, PlannedRequest
from routersvc.domain.racing.hedge_situations import decide_first_hedge

RECORDED_DEPLOYMENTS = 8
"""Deployments of a plan whose state a decision records: more than calls usually try."""


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

    def profiling(self, request: Request) -> Steps[Profiled]:
        """Return the policy and the profile of a request, in steps: the long part of `explain`.

        Raises:
            RefusedError: the request names what does not exist.
        """
        budget = self.budgets.standing(request.tenant, self.clock())
        return self.planner.profiling(request, budget, in_full=True)

    def explain(self, request: Request, profiled: Profiled | None = None) -> Explanation:
        """Return where a request would go and why.

        Raises:
            RefusedError: the request names what does not exist.
        """
        if profiled is None:
            profiled = finished(self.profiling(request))
        now = self.clock()
        taken_at = self.wall_clock()
        view = self.fleet.reading_view(now)
        planned = self.planner.plan(
            request,
            view,
            budget=self.budgets.standing(request.tenant, now),
            at=taken_at,
            profiled=profiled,
        )
        obstacles: dict[str, LeaseRefusal] = {}
        if isinstance(planned, PlannedRequest):
            plan = planned.plan
            obstacles = self.fleet.obstacles(plan.deployments, plan, now)
            planned = dataclasses.replace(planned, plan=self._with_hedging(plan, obstacles, now))
        return explained(
            self.planner.catalogue,
            planned,
            ExplanationSnapshot(
                view=view,
                obstacles=obstacles,
                taken_at=taken_at,
                configuration_digest=self.configuration_digest,
            ),
        )

    def explain_decision(self, decision_id: str, *, tenant: str) -> Explanation:
        """Return where a past request of a tenant went and why.

        Raises:
            RefusedError: the tenant is unknown, or has no such decision.
        """
        self.planner.tenant(tenant)
        return self.decisions.find(decision_id, tenant=tenant, now=self.clock()).explain()

    def remembered(
        self, planned: PlannedRequest, *, received_at: float, now: float
    ) -> RememberedDecision | None:
        """Return the decision to remember, `None` if the configuration remembers none."""
        if not self.decisions.keeps_any:
            return None
        plan = planned.plan
        recorded = plan.deployments[:RECORDED_DEPLOYMENTS]
        return RememberedDecision(
            self.planner.catalogue,
            planned,
            obstacles=self.fleet.obstacles(recorded, plan, now),
            live_stats=self._live_stats(
                self._compared(planned) if self.decisions.logged else recorded, planned.limits, now
            ),
            taken_at=received_at,
            configuration_digest=self.configuration_digest,
        )

    def _compared(self, planned: PlannedRequest) -> Iterable[Deployment]:
        """Return every deployment that took part in the order: a logged one can be made again."""
        order = planned.order
        if not order.set_aside:
            return order.deployments
        known = self.planner.catalogue.deployments
        return (*order.deployments, *(known[name] for name in order.set_aside))

    def _live_stats(
        self, deployments: Iterable[Deployment], limits: Limits, now: float
    ) -> tuple[LiveStats | None, ...]:
        """Return the statistics of deployments in order, if planning used any."""
        request = limits.request
        if limits.order is not OrderMode.RANKED and request.routing.latency_budget is None:
            return ()
        streaming = request.streaming
        return tuple(
            self.fleet.seen_live_stats(deployment, streaming=streaming, now=now)
            for deployment in deployments
        )

    def _with_hedging(self, plan: Plan, obstacles: Mapping[str, LeaseRefusal], now: float) -> Plan:
        """Return the plan with the decision that would be made on hedging its first attempt."""
        primary, other = primary_and_backup(plan.deployments, obstacles)
        decision = decide_first_hedge(self.fleet, plan, primary=primary, other=other, now=now)
        return with_hedging(plan, decision)
