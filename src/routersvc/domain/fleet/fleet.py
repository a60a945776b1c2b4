"""All deployments with their live state: which may be called now, and what their calls showed.

The only place where an attempt's outcome becomes health. A race calls `start` before it starts an
attempt, and settles the lease exactly once: `succeeded`, `failed` or `released`. A released lease
(a loser, a departed caller, a passed deadline) opens no breaker and lowers no success rate.
"""

from __future__ import annotations

import random as random_module
from collections.abc import Callable, Iterable, Iterator, Sequence

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.conversation.rate_limit_headroom import RateLimitHeadroom
from routersvc.domain.conversation.usage import Usage
from routersvc.domain.fleet.active_checks import CheckMethod, CheckResult
from routersvc.domain.fleet.breaker_health import BreakerState
from routersvc.domain.fleet.concurrency import Ticket
from routersvc.domain.fleet.deployment_states import DeploymentState
from routersvc.domain.fleet.disablements import Credential, Disablement
from routersvc.domain.fleet.fleet_views import PlanningView, ReadingView
from routersvc.domain.fleet.health import Availability, DeploymentHealth
from routersvc.domain.fleet.health_states import health_state
from routersvc.domain.fleet.leases import Lease, LeaseRefusal, Obstacle
from routersvc.domain.fleet.load_balancing import LoadBalancer
from routersvc.domain.fleet.queue_waits import MAX_QUEUES_PER_CALL, QueuePlace, QueueWait
from routersvc.domain.fleet.reloading.fleet_records import FleetRecords, fleet_records
from routersvc.domain.fleet.reloading.fleet_rules import FleetIdentities, FleetRules
from routersvc.domain.fleet.state_changes import ChangeListener, nobody_listens
from routersvc.domain.fleet.turns import Turn
from routersvc.domain.measures.latency_histories import LatencyView
from routersvc.domain.outcomes.attempt_reports import AttemptReason
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.planning.live_stats import LiveStats
from routersvc.domain.planning.plans import Plan


class Fleet:
    """The live state of every deployment. Synchronous; takes `now`.

    `on_change` hears of every change of a breaker, a credential, a model, a check and a pause. A
    fleet that follows another one, `before`, shares with it the states of the deployments that are
    still the same: calls that began with either go on with what they began with.
    """

    def __init__(
        self,
        deployments: Iterable[Deployment],
        *,
        random: random_module.Random,
        rules: FleetRules | None = None,
        identities: FleetIdentities | None = None,
        on_change: ChangeListener = nobody_listens,
        before: Fleet | None = None,
    ) -> None:
        self._rules = rules or FleetRules()
        listed = list(deployments)
        self.records: FleetRecords = fleet_records(
            listed,
            rules=self._rules,
            identities=identities or FleetIdentities(),
            random=random,
            on_change=on_change,
            before=None if before is None else before.records,
        )
        self._states = self.records.states
        self._disablements = self.records.disablements
        self._budgets = self.records.budgets
        self._balancer = LoadBalancer(random)
        self._kinds: dict[tuple[str, str], list[Deployment]] = {}
        for deployment in listed:
            for kind in _kinds(deployment):
                self._kinds.setdefault(kind, []).append(deployment)

    @property
    def running_attempts(self) -> int:
        """How many leases are out."""
        return sum(state.in_flight for state in self._states.values())

    @property
    def waiting_tickets(self) -> int:
        """How many tickets wait for a place; each of two tied tickets counts."""
        return sum(state.queued for state in self._states.values())

    def request_started(self, plan: Plan, now: float) -> None:
        """Record a request: it deposits in the budgets of its policy and its providers."""
        self._budgets.deposit(plan, now)

    def planning_view(self, now: float) -> PlanningView:
        """Return the fleet as the plan of one call needs it: draws, and keeps what it computes."""
        return PlanningView(self._states, balancer=self._balancer, now=now)

    def reading_view(self, now: float) -> ReadingView:
        """Return the fleet as explanations need it. Reading it changes nothing."""
        return ReadingView(self._states, now=now)

    def start(
        self,
        deployment: Deployment,
        plan: Plan,
        *,
        reason: AttemptReason,
        now: float,
        asked_before: bool = False,
        forced: bool = False,
        ticket: Ticket | None = None,
    ) -> Lease | LeaseRefusal:
        """Return the right to start an attempt now, or why it may not start.

        The budgets pay last, once nothing else is in the way. `asked_before` says that they refused
        an attempt of the same call before. `forced` overrules what `can_be_forced` of a refusal
        names (breaker, health check, rate-limit headroom), for the least bad deployment when
        nothing else is left. It overrules neither a provider that asked not to be called nor a
        disabled credential nor a lack of places. `ticket` is one that has waited for its place and
        got it; after a refusal it is still the caller's.
        """
        refusal = self._refusal(deployment, plan, now, forced=forced, needs_place=ticket is None)
        if refusal is not None:
            return refusal
        state = self._states[deployment.name]
        repeats = reason is AttemptReason.RETRY and state.take_repetition(plan)
        is_free = repeats or reason is AttemptReason.FIRST
        if not is_free and not self._budgets.pay(
            deployment,
            plan,
            reason=reason,
            is_part_of_outage=state.is_part_of_outage(now),
            now=now,
            asked_before=asked_before,
        ):
            return _budget_spent(deployment)
        self._disablements.call_starts(deployment, now)
        return state.lease(plan, now, forced=forced, repeats=repeats, ticket=ticket)

    def retry_refusal(self, deployment: Deployment, plan: Plan, now: float) -> LeaseRefusal | None:
        """Return the refusal of the budgets if a retry would not be paid now. Changes nothing."""
        if self._budgets.allow(deployment, plan, AttemptReason.RETRY, now):
            return None
        return _budget_spent(deployment)

    def least_bad(self, deployments: Sequence[Deployment], now: float) -> Deployment:
        """Return the deployment to call where all of `deployments` refuse. Changes nothing.

        It is the one with the most recent success since its last failure; without any, the one that
        was tried longest ago, where an attempt that runs counts as tried now. Ties go to the first.

        Raises:
            ValueError: `deployments` is empty.
        """

        def turn(deployment: Deployment) -> Turn:
            state = self._states[deployment.name]
            return state.turns.turn(now, in_flight=state.in_flight)

        return min(deployments, key=turn)

    def enqueue(
        self,
        deployments: Sequence[Deployment],
        *,
        reason: AttemptReason,
        caused_by: int,
        on_start: Callable[[], None],
        now: float,
    ) -> QueueWait | None:
        """Queue a call for a place at the first of `deployments`, all of which are full.

        `on_start` is called when a place is free. Returns `None` where every queue is full as well.
        """
        places: list[QueuePlace] = []
        for deployment in deployments:
            ticket = self._states[deployment.name].enqueue(on_start)
            if ticket is not None:
                places.append(QueuePlace(deployment, ticket))
                if len(places) == MAX_QUEUES_PER_CALL:
                    break
        if not places:
            return None
        longest = self._rules.deployments.concurrency.max_wait
        wait = QueueWait(places, reason=reason, caused_by=caused_by, until=now + longest)
        for place in places:
            self._states[place.deployment.name].start_waiting(now)
        return wait

    def latency_view(
        self, deployment: Deployment, percentile: float, *, streaming: bool, now: float
    ) -> LatencyView | None:
        """Return the times to first content of one class of request. Changes nothing."""
        history = self._states[deployment.name].measurements.first_contents[streaming]
        return history.view(percentile, now)

    def refreshed_latency(
        self, deployment: Deployment, percentile: float, *, streaming: bool, now: float
    ) -> LatencyView | None:
        """Return what `latency_view` does, and keep it and the usual duration.

        Calls that read them within a quarter of a second find them computed.
        """
        measurements = self._states[deployment.name].measurements
        return measurements.refreshed_latency(percentile, streaming=streaming, now=now)

    def usual_duration(self, deployment: Deployment, now: float) -> float | None:
        """Return the seconds in which 19 of 20 whole answers come; `None` where none is known."""
        return self._states[deployment.name].measurements.usual_duration(now)

    def lenders(self, deployment: Deployment) -> Iterator[list[Deployment]]:
        """Yield those whose latencies stand in for a deployment's own, the most alike first.

        They are the other deployments of its model, then of its provider, then of its wire format.
        """
        for kind in _kinds(deployment):
            yield [one for one in self._kinds[kind] if one.name != deployment.name]

    def is_recovering(self, deployment: Deployment) -> bool:
        """Whether the breaker of a deployment is open or half open."""
        return self._states[deployment.name].breaker.is_open

    def record_headroom(self, lease: Lease, headroom: RateLimitHeadroom, now: float) -> None:
        """Record what the provider reports is left of its rate limits."""
        self._states[lease.deployment.name].record_headroom(lease, headroom, now)

    def record_first_content(self, lease: Lease, now: float) -> None:
        """Record that an attempt's first content arrived."""
        self._states[lease.deployment.name].record_first_content(lease, now)

    def succeeded(self, lease: Lease, *, usage: Usage | None, now: float) -> None:
        """Settle a lease whose attempt became a complete answer."""
        self._states[lease.deployment.name].succeeded(lease, usage, now)
        self._disablements.call_succeeded(lease.deployment)

    def failed(self, lease: Lease, failure: Failure, now: float) -> None:
        """Settle a lease whose attempt failed."""
        self._states[lease.deployment.name].failed(lease, failure, now)
        self._disablements.call_failed(lease.deployment, failure, now, request=lease.request)

    def released(self, lease: Lease, now: float) -> None:
        """Settle a lease that counts as neither success nor failure: the attempt was cancelled."""
        self._states[lease.deployment.name].released(lease, now)

    def overdue(self, lease: Lease, now: float) -> None:
        """Settle a lease whose attempt gave no content within its patience, and lost.

        It counts as a slow call, because a silent provider would otherwise never be learned of.
        """
        self._states[lease.deployment.name].overdue(lease, now)

    def take_due_checks(self, now: float) -> list[Deployment]:
        """Return the deployments to check now, and schedule the next check of each.

        A free check tests a credential, so one deployment is checked for all that share it;
        completions are sent to each.
        """
        rule = self._rules.checks
        if rule.method is CheckMethod.OFF:
            return []
        due: dict[object, Deployment] = {}
        for state in self._states.values():
            deployment = state.deployment
            if deployment.enabled and self._needs_check(state, now):
                state.checks.started(now)
                is_free = rule.method is CheckMethod.FREE
                due.setdefault(
                    Credential.of(deployment) if is_free else deployment.name, deployment
                )
        return list(due.values())

    def checked(self, deployment: Deployment, result: CheckResult, now: float) -> None:
        """Record an active check; a free one counts for all that share the credential.

        A completion enables credential and model again. A free check enables only a credential that
        was refused: it does not test quotas, permissions and models.
        """
        credential = Credential.of(deployment)
        if self._rules.checks.method is CheckMethod.COMPLETION:
            self._states[deployment.name].checked(result, now)
            if result.failure is None:
                self._disablements.call_succeeded(deployment)
            return
        for state in self._states.values():
            if Credential.of(state.deployment) == credential:
                state.checked(result, now)
        if result.failure is None:
            self._disablements.free_check_succeeded(credential)

    def obstacles(
        self, deployments: Iterable[Deployment], plan: Plan, now: float
    ) -> dict[str, LeaseRefusal]:
        """Return by name which of `deployments` would refuse a call now. Changes nothing."""
        found: dict[str, LeaseRefusal] = {}
        for deployment in deployments:
            refusal = self._refusal(deployment, plan, now)
            if refusal is not None:
                found[deployment.name] = refusal
        return found

    def seen_live_stats(
        self, deployment: Deployment, *, streaming: bool, now: float
    ) -> LiveStats | None:
        """Return the statistics that planning has just used, if it has."""
        measurements = self._states[deployment.name].measurements
        return measurements.kept_live_stats(now, streaming=streaming)

    def availability(self, deployment: Deployment, now: float) -> Availability:
        """Return what keeps calls away from one deployment, for gauges. Changes nothing."""
        state = self._states[deployment.name]
        is_disabled = not deployment.enabled or self._disablements.find(deployment) is not None
        breaker = state.breaker.state(now)
        pause = state.gate.closed_for(now)
        return Availability(
            deployment=deployment,
            state=health_state(
                state.measurements.outcomes(now),
                breaker=breaker,
                is_paused=pause > 0,
                checks=state.checks,
                is_disabled=is_disabled,
            ),
            breaker=breaker,
            is_disabled=is_disabled,
            is_check_failing=state.checks.is_failing,
            pause=pause,
            queued=state.queued,
            concurrency_limit=state.limiter.limit_at(now),
            headroom=state.headroom.headroom,
        )

    def health(self, deployment: Deployment, now: float) -> DeploymentHealth:
        """Return the health of one deployment. Changes nothing."""
        disabled = self._disablements.find(deployment)
        if not deployment.enabled:
            description = "disabled by configuration"
        elif disabled is not None:
            description = disabled.description(now)
        else:
            description = ""
        return self._states[deployment.name].health(now, disabled=description)

    def _refusal(
        self,
        deployment: Deployment,
        plan: Plan,
        now: float,
        *,
        forced: bool = False,
        needs_place: bool = True,
    ) -> LeaseRefusal | None:
        """Return why an attempt may not start now, budgets apart. Changes nothing."""
        disabled = self._disablements.find(deployment)
        if disabled is not None and now < disabled.check_at:
            return self._disabled(deployment, disabled, now)
        return self._states[deployment.name].refusal(
            plan.tokens,
            now,
            may_probe=not plan.has_side_effects,
            forced=forced,
            needs_place=needs_place,
        )

    def _needs_check(self, state: DeploymentState, now: float) -> bool:
        if not state.checks.is_due(now):
            return False
        disabled = self._disablements.find(state.deployment)
        if disabled is not None:
            is_free = self._rules.checks.method is CheckMethod.FREE
            return (is_free and disabled.cleared_by_free_check) or now >= disabled.check_at
        return (
            state.checks.is_idle(now)
            or state.checks.is_unreachable
            or state.breaker.state(now) is not BreakerState.CLOSED
        )

    def _disabled(self, deployment: Deployment, disabled: Disablement, now: float) -> LeaseRefusal:
        is_credential = self._disablements.get(Credential.of(deployment)) is not None
        wait = disabled.check_at - now
        return LeaseRefusal(
            deployment=deployment,
            obstacle=Obstacle.CREDENTIAL_DISABLED if is_credential else Obstacle.MODEL_DISABLED,
            wait=wait,
            description=f"is disabled: {disabled.description(now)}",
        )


def _budget_spent(deployment: Deployment) -> LeaseRefusal:
    return LeaseRefusal(
        deployment=deployment,
        obstacle=Obstacle.BUDGET_SPENT,
        wait=None,
        description="may not be called: the budget for extra attempts is spent",
    )


def _kinds(deployment: Deployment) -> tuple[tuple[str, str], ...]:
    """Return the kinds of deployments with similar latencies, the narrowest first."""
    provider = deployment.provider
    return (
        ("model", deployment.model.name),
        ("provider", provider.name),
        ("wire format", provider.wire_format),
    )
