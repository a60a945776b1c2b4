"""The router: admits, plans and runs requests, explains routes, reports deployment health."""

from __future__ import annotations

import asyncio
import random as random_module
from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

from routersvc.domain.catalogue.requests import Request
from routersvc.domain.conversation.steps import Steps
from routersvc.domain.explaining.explanations import Explanation
from routersvc.domain.explaining.remembered_decisions import DecisionStore
from routersvc.domain.fleet.deployment_states import DeploymentState
from routersvc.domain.fleet.health import Availability, DeploymentHealth, HealthState
from routersvc.domain.measures.cost_budgets import CostBudgets
from routersvc.domain.outcomes.errors import RefusedError
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.domain.planning.model_listing import ListedModel, ModelFilter, listed_models
from routersvc.domain.planning.planner import Profiled
from routersvc.domain.planning.plans import RefusedRequest
from routersvc.domain.racing.races import Race
from routersvc.engine.active_checks import ActiveChecks
from routersvc.engine.admission import Admission, Arrival
from routersvc.engine.call_endings import CallEnding
from routersvc.engine.calls import Call
from routersvc.engine.generations import Generation, LastingParts, RouterConfiguration
from routersvc.engine.ports import DecisionLog, Gateway, Observer
from routersvc.engine.reload_status import ReloadStatus
from routersvc.engine.reporting import Decision
from routersvc.engine.slices import Slices
from routersvc.engine.tasks import TaskScope

__all__ = ["Router", "RouterConfiguration"]

T = TypeVar("T")


class Router:
    """Routes requests. Lives in one event loop.

    `clock` runs with that loop's time, `wall_clock` gives seconds since the epoch.
    """

    def __init__(
        self,
        *,
        configuration: RouterConfiguration,
        gateway: Gateway,
        observer: Observer,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
        random: random_module.Random,
        decision_log: DecisionLog | None = None,
    ) -> None:
        self._budgets = CostBudgets(configuration.budget_rules)
        self._admission = Admission(
            max_concurrent_calls=configuration.max_concurrent_calls,
            tenants=configuration.tenants,
            clock=clock,
            wall_clock=wall_clock,
        )
        self._scope = TaskScope()
        self._checks = TaskScope()
        self._checking: asyncio.Task[None] | None = None
        self._parts = LastingParts(
            observer=observer,
            scope=self._scope,
            budgets=self._budgets,
            decisions=DecisionStore(configuration.decisions, logged=decision_log is not None),
            random=random,
            clock=clock,
            wall_clock=wall_clock,
            decision_log=decision_log,
        )
        self.reloads = ReloadStatus(digest=configuration.digest, in_force_since=wall_clock())
        self._current = Generation(configuration, gateway, self._parts)
        # Oldest first; each until its last call has ended.
        self._retired: list[Generation] = []
        self._random = random
        self._slices = Slices(clock)

    @property
    def active_calls(self) -> int:
        """How many calls have begun and not ended."""
        return self._admission.calls

    @property
    def running_attempts(self) -> int:
        """How many attempts hold a lease of their deployment."""
        return sum(state.in_flight for state in self._live_states())

    @property
    def waiting_tickets(self) -> int:
        """How many tickets stand in the queue of a deployment; a call may hold two."""
        return sum(state.queued for state in self._live_states())

    @property
    def running_tasks(self) -> int:
        """How many tasks of calls have not ended."""
        return len(self._scope)

    @property
    def running_checks(self) -> int:
        """How many tasks of health checks have not ended, including the one that starts them."""
        return len(self._checks)

    @property
    def retired_generations(self) -> int:
        """How many earlier configurations are still used by calls that began with them."""
        return len(self._retired)

    def reconfigure(
        self,
        configuration: RouterConfiguration,
        gateway: Gateway,
        *,
        unused: Callable[[], None] | None = None,
    ) -> None:
        """Route by another configuration from now on; running calls end as they began.

        `unused` is called once, when the last call and check of the configuration before has ended.
        """
        before = self._current
        after = Generation(configuration, gateway, self._parts, before=before)
        self._budgets.reconfigure(configuration.budget_rules)
        self._admission.reconfigure(
            max_concurrent_calls=configuration.max_concurrent_calls, tenants=configuration.tenants
        )
        self._parts.decisions.reconfigure(configuration.decisions)
        self._current = after
        self.reloads.replaced(configuration.digest, self._parts.wall_clock())
        if self._checking is not None:
            self._checking.cancel()
            self.start_checks()

        def ended() -> None:
            self._retired.remove(before)
            if unused is not None:
                unused()

        self._retired.append(before)
        before.retire(ended)

    def start_checks(self) -> None:
        """Start the health checks of deployments without recent traffic."""
        generation = self._current
        checks = ActiveChecks(
            fleet=generation.fleet,
            rule=generation.configuration.rules.checks,
            gateway=generation.around.gateway,
            scope=self._checks,
            clock=self._parts.clock,
            running=generation.running,
        )
        self._checking = self._checks.start(checks.run(), name="active checks")

    async def stop_checks(self) -> None:
        """Cancel the health checks and wait for them to end. Idempotent."""
        await self._checks.aclose()

    @property
    def remembered_decisions(self) -> int:
        """How many decisions can be explained."""
        return len(self._parts.decisions)

    def recent_reports(self, count: int) -> tuple[RouteReport, ...]:
        """Return the reports of the latest remembered calls, the latest first."""
        return self._parts.decisions.latest(count)

    @property
    def reservations(self) -> int:
        """How many calls hold a reservation in the budget of their tenant."""
        return self._budgets.reservations

    def open(self, request: Request) -> Call:
        """Admit and plan a request. Does no I/O; leave the call's context to end it.

        Raises:
            RefusedError: the router does not take the request.
        """
        try:
            arrival = self._admission.admit(request)
            generation = self._begin(request)
            try:
                return self._open(request, arrival, generation)
            except BaseException:
                self._end(request.tenant, generation)
                raise
        except RefusedError as error:
            self._parts.observer.call_refused(request=request, error=error)
            raise

    async def opened(self, request: Request) -> Call:
        """Do what `open` does; a long prompt is read in slices, between which others are served.

        Raises:
            RefusedError: the router does not take the request.
        """
        try:
            arrival = self._admission.admit(request)
            standing = self._budgets.standing(request.tenant, arrival.at)
            generation = self._begin(request)
            try:
                profiled = await self._slices.run(generation.planner.profiling(request, standing))
                return self._open(request, arrival, generation, profiled)
            except BaseException:
                self._end(request.tenant, generation)
                raise
        except RefusedError as error:
            self._parts.observer.call_refused(request=request, error=error)
            raise

    async def run_in_slices(self, work: Steps[T]) -> T:
        """Do the work that a request needs before it can be admitted, as long prompts are read."""
        return await self._slices.run(work)

    def explain(self, request: Request) -> Explanation:
        """Return where a request would go and why. Calls no provider and changes no state.

        Raises:
            RefusedError: the request names what does not exist.
        """
        return self._current.explainer.explain(request)

    async def explained(self, request: Request) -> Explanation:
        """Do what `explain` does, for a caller: it counts for the limits that hold for calls.

        Explanations take turns, so that calls are served between any two of them.

        Raises:
            RefusedError: the router does not take the request, or it names what does not exist.
        """
        try:
            self._admission.admit(request)
        except RefusedError as error:
            self._parts.observer.call_refused(request=request, error=error)
            raise
        self._admission.reading_begun(request.tenant)
        try:
            return await self._slices.run_in_turn(self._explaining(request))
        finally:
            self._admission.reading_ended(request.tenant)

    def _explaining(self, request: Request) -> Steps[Explanation]:
        explainer = self._current.explainer
        profiled = yield from explainer.profiling(request)
        return explainer.explain(request, profiled)

    def explain_decision(self, decision_id: str, *, tenant: str) -> Explanation:
        """Return where a past request of a tenant went and why. Calls no provider.

        Raises:
            RefusedError: the tenant is unknown, or has no such decision.
        """
        return self._current.explainer.explain_decision(decision_id, tenant=tenant)

    @property
    def configuration(self) -> RouterConfiguration:
        """The configuration in force."""
        return self._current.configuration

    @property
    def configuration_digest(self) -> str:
        """The digest of the configuration in force."""
        return self._current.configuration.digest

    def list_models(self, tenant: str, wanted: ModelFilter) -> tuple[ListedModel, ...]:
        """Return the models that a tenant can use. Calls no provider.

        Raises:
            RefusedError: the filter names what does not exist for this tenant.
        """
        configuration = self._current.configuration
        return listed_models(
            configuration.catalogue,
            configuration.policies,
            self._current.planner.tenant(tenant),
            wanted,
        )

    def health(
        self,
        *,
        tenant: str | None = None,
        providers: Collection[str] = (),
        models: Collection[str] = (),
        deployments: Collection[str] = (),
        states: Collection[HealthState] = (),
    ) -> tuple[DeploymentHealth, ...]:
        """Return the health of the deployments that a tenant can use, by name; `None`: of all.

        Empty filters pass everything.

        Raises:
            UnknownTenantError: tenants are configured, and none has this name.
            UnknownNameError: a filter names what does not exist for this tenant.
        """
        return self._current.health.of(
            tenant,
            self._parts.clock(),
            providers=providers,
            models=models,
            deployments=deployments,
            states=states,
        )

    def availability(self) -> tuple[Availability, ...]:
        """Return what keeps calls away from each deployment, for gauges."""
        return self._current.health.availability(self._parts.clock())

    def drain(self) -> None:
        """Refuse new calls from now on; running calls continue."""
        self._admission.draining = True

    async def wait_idle(self) -> None:
        """Wait until no call is active."""
        await self._admission.wait_idle()

    async def aclose(self) -> None:
        """Cancel every attempt and check that still runs and wait until it has ended."""
        self._admission.draining = True
        await self.stop_checks()
        await self._scope.aclose()

    def _begin(self, request: Request) -> Generation:
        """Count a call from the reading of its prompt on; return what it is routed by."""
        generation = self._current
        self._admission.begun(request.tenant)
        generation.begin()
        return generation

    def _end(self, tenant: str, generation: Generation) -> None:
        generation.end()
        self._admission.ended(tenant)

    def _open(
        self,
        request: Request,
        arrival: Arrival,
        generation: Generation,
        profiled: Profiled | None = None,
    ) -> Call:
        started_at, received_at = arrival.at, arrival.received_at
        standing = self._budgets.standing(request.tenant, started_at)
        planned = generation.planner.plan(
            request,
            generation.fleet.planning_view(started_at),
            budget=standing,
            at=received_at,
            profiled=profiled,
        )
        if isinstance(planned, RefusedRequest):
            generation.log_refusal(planned, received_at)
            raise planned.error
        plan, limits = planned.plan, planned.limits
        self._admission.take_tokens(request.tenant, plan.tokens, started_at)
        reservation = self._budgets.reserve(request.tenant, planned.worst_case_cost, started_at)
        remembered = generation.explainer.remembered(
            planned, received_at=received_at, now=started_at
        )
        decision_id = self._random.getrandbits(128).to_bytes(16, "big").hex()
        race = Race(plan=plan, fleet=generation.fleet, random=self._random, started_at=started_at)
        call = Call(
            request=request,
            decision=Decision(
                decision_id=decision_id,
                tenant=request.tenant,
                plan=plan,
                profile=limits.profile,
                received_at=received_at,
                planning_duration=self._parts.clock() - started_at,
                degradation=limits.degradation,
            ),
            race=race,
            surroundings=generation.around,
            ended=CallEnding(
                request=request,
                plan=plan,
                generation=generation,
                parts=self._parts,
                admission=self._admission,
                reservation=reservation,
                remembered=remembered,
            ).settle,
        )
        if remembered is not None:
            remembered.began(call)
            self._parts.decisions.keep(decision_id, remembered, started_at)
        return call

    def _live_states(self) -> Iterable[DeploymentState]:
        """Return the state of every deployment that calls can still be running on, each once."""
        generations = (self._current, *self._retired)
        states = (state for one in generations for state in one.fleet.records.states.values())
        return dict.fromkeys(states)
