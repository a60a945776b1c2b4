"""Generations: each configuration of a router with everything that was built of it.

    configuration ─▶ generation ──▶ calls that began with it
                        │ replaced
                        ▼
                     retired ─── last of its calls ends ──▶ ended: its connections can be closed

A call, a check and an explanation use one generation from beginning to end. What calls have taught
goes from one generation to the next: see `fleet_records`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import random as random_module
from collections.abc import Callable, Generator, Mapping

from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.policies import Policy
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.explaining.ended_decisions import RefusedDecision
from routersvc.domain.explaining.remembered_decisions import DecisionRule, DecisionStore
from routersvc.domain.fleet.fleet import Fleet
from routersvc.domain.fleet.reloading.fleet_rules import FleetIdentities, FleetRules
from routersvc.domain.measures.cost_budgets import CostBudgetRule, CostBudgets
from routersvc.domain.planning.planner import Planner
from routersvc.domain.planning.plans import RefusedRequest
from routersvc.domain.profiling.profiles import Profiler
from routersvc.engine.answer_sizes import DEFAULT_MAX_ANSWER_BYTES
from routersvc.engine.explaining import Explainer
from routersvc.engine.health_reports import HealthReports
from routersvc.engine.ports import DecisionLog, Gateway, Observer
from routersvc.engine.running_races import Surroundings
from routersvc.engine.tasks import TaskScope


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RouterConfiguration:
    """What the router routes by. `digest` identifies it in explanations.

    `max_answer_bytes` is the largest message that the server sends to a caller.
    `identities` tell which deployments are still the same when the configuration changes.
    Without `tenants` everybody is anonymous; with them a request has to be that of one of them.
    """

    catalogue: Catalogue
    policies: Mapping[str, Policy]
    default_policy: str
    digest: str
    max_concurrent_calls: int
    rules: FleetRules = dataclasses.field(default_factory=FleetRules)
    tenants: Mapping[str, Tenant] = dataclasses.field(default_factory=dict[str, Tenant])
    profiler: Profiler = dataclasses.field(default_factory=Profiler)
    decisions: DecisionRule = dataclasses.field(default_factory=DecisionRule)
    max_answer_bytes: int = DEFAULT_MAX_ANSWER_BYTES
    identities: FleetIdentities = dataclasses.field(default_factory=FleetIdentities)

    @property
    def budget_rules(self) -> dict[str, CostBudgetRule]:
        """The budgets of the tenants that have one."""
        tenants = self.tenants.items()
        return {name: tenant.budget for name, tenant in tenants if tenant.budget is not None}


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class LastingParts:
    """What all generations of a router share."""

    observer: Observer
    scope: TaskScope
    budgets: CostBudgets
    decisions: DecisionStore
    random: random_module.Random
    clock: Callable[[], float]
    wall_clock: Callable[[], float]
    decision_log: DecisionLog | None = None


class Generation:
    """One configuration, what was built of it, and how much still uses it."""

    def __init__(
        self,
        configuration: RouterConfiguration,
        gateway: Gateway,
        parts: LastingParts,
        *,
        before: Generation | None = None,
    ) -> None:
        self.configuration = configuration
        self.planner = Planner(
            catalogue=configuration.catalogue,
            policies=configuration.policies,
            default_policy=configuration.default_policy,
            tenants=configuration.tenants,
            profiler=configuration.profiler,
        )
        self.fleet: Fleet = Fleet(
            configuration.catalogue.deployments.values(),
            random=parts.random,
            rules=configuration.rules,
            identities=configuration.identities,
            on_change=parts.observer.state_changed,
            before=None if before is None else before.fleet,
        )
        self.health = HealthReports(
            configuration.catalogue, configuration.policies, configuration.tenants, self.fleet
        )
        self.around = Surroundings(
            gateway=gateway,
            observer=parts.observer,
            scope=parts.scope,
            clock=parts.clock,
            max_answer_bytes=configuration.max_answer_bytes,
        )
        self.explainer = Explainer(
            planner=self.planner,
            fleet=self.fleet,
            budgets=parts.budgets,
            decisions=parts.decisions,
            configuration_digest=configuration.digest,
            clock=parts.clock,
            wall_clock=parts.wall_clock,
        )
        self._decision_log = parts.decision_log
        self._uses = 0
        self._on_end: Callable[[], None] | None = None

    def log_refusal(self, refused: RefusedRequest, received_at: float) -> None:
        """Log that no deployment may serve a request, if decisions are logged."""
        if self._decision_log is not None:
            decision = RefusedDecision(
                refused,
                taken_at=received_at,
                configuration_digest=self.configuration.digest,
            )
            self._decision_log.ended(refused.limits.request, decision, refused.error)

    def begin(self) -> None:
        """Count a call or a check that begins."""
        self._uses += 1

    def end(self) -> None:
        """Count a call or a check that has ended."""
        self._uses -= 1
        if self._uses == 0:
            self._end_if_unused()

    @contextlib.contextmanager
    def running(self) -> Generator[None]:
        """Count what runs within the context."""
        self.begin()
        try:
            yield
        finally:
            self.end()

    def retire(self, on_end: Callable[[], None]) -> None:
        """Call `on_end` once nothing uses this generation, which may be now."""
        self._on_end = on_end
        self._end_if_unused()

    def _end_if_unused(self) -> None:
        if self._uses == 0 and self._on_end is not None:
            on_end, self._on_end = self._on_end, None
            on_end()
