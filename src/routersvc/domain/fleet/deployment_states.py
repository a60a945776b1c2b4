"""The live state of one deployment, and whether it may be called now."""

from __future__ import annotations

import random as random_module
from collections.abc import Callable

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.conversation.rate_limit_headroom import RateLimitHeadroom
from routersvc.domain.conversation.usage import Usage
from routersvc.domain.fleet.active_checks import (
    CheckRecord,
    CheckResult,
    CheckRule,
    is_unreachable,
)
from routersvc.domain.fleet.attempt_budgets import ANSWERS_FROM
from routersvc.domain.fleet.attempt_totals import AttemptTotals
from routersvc.domain.fleet.breaker_health import BreakerState
from routersvc.domain.fleet.breakers import Breaker
from routersvc.domain.fleet.concurrency import ConcurrencyLimiter, Ticket
from routersvc.domain.fleet.deployment_changes import DeploymentChanges
from routersvc.domain.fleet.health import DeploymentHealth
from routersvc.domain.fleet.health_states import health_state
from routersvc.domain.fleet.leases import Lease, LeaseRefusal, Obstacle
from routersvc.domain.fleet.load_balancing import DeploymentLoad, LoadContender
from routersvc.domain.fleet.measurements import Measurements
from routersvc.domain.fleet.rate_limits import RateLimitGate, RateLimitLedger
from routersvc.domain.fleet.reloading.fleet_rules import DeploymentRules
from routersvc.domain.fleet.state_changes import ChangeListener, nobody_listens
from routersvc.domain.fleet.turns import TurnRecord
from routersvc.domain.outcomes.failure_rules import BreakerEffect, FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.planning.plans import Plan


class DeploymentState:
    """The live state of one deployment. Synchronous; takes `now`."""

    def __init__(
        self,
        deployment: Deployment,
        rules: DeploymentRules,
        *,
        random: random_module.Random,
        checks: CheckRule | None = None,
        on_change: ChangeListener = nobody_listens,
    ) -> None:
        self.deployment = deployment
        self.breaker = Breaker(rules.breaker, random=random)
        self.gate = RateLimitGate()
        self.headroom = RateLimitLedger()
        self.load = DeploymentLoad()
        self.checks = CheckRecord(checks)
        self.measurements = Measurements(outcome_span=rules.breaker.window)
        self.totals = AttemptTotals()
        self._at_full_share = LoadContender(self.load)
        self.limiter = ConcurrencyLimiter(rules.concurrency)
        self.turns = TurnRecord()
        self._changes = DeploymentChanges(deployment, on_change)
        self._repeats: Plan | None = None

    def reconfigure(
        self, deployment: Deployment, rules: DeploymentRules, checks: CheckRule
    ) -> None:
        """Go on under other rules with the same deployment, whose prices may have changed."""
        self.deployment = deployment
        self.breaker.reconfigure(rules.breaker)
        self.checks.reconfigure(checks)
        self.measurements.reconfigure(rules.breaker.window)
        self.limiter.reconfigure(rules.concurrency)

    def is_part_of_outage(self, now: float) -> bool:
        """Whether a failover here would only move a failure; false where nothing is known."""
        rate = self.measurements.outcomes(now).success_rate if self.turns.latest_failed else None
        return rate is not None and (self.breaker.is_open or rate < ANSWERS_FROM)

    def take_repetition(self, request: Plan) -> bool:
        """Return whether `request` may repeat here, once, what a stale connection broke."""
        if self._repeats is not request:
            return False
        self._repeats = None
        return True

    def contender(self, now: float) -> LoadContender:
        """Return what load balancing compares: the load and the granted share of traffic."""
        if self.checks.is_unreachable:
            return LoadContender(self.load, 0.0)
        share = self.breaker.share(now)
        return self._at_full_share if share >= 1 else LoadContender(self.load, share)

    def awaits_probe(self, now: float) -> bool:
        """Whether the next call would show if the deployment has recovered."""
        return (
            self.breaker.state(now) is BreakerState.HALF_OPEN or self.checks.is_unreachable
        ) and self.refusal(0, now, needs_place=False) is None

    def refusal(
        self,
        tokens: int,
        now: float,
        *,
        may_probe: bool = True,
        forced: bool = False,
        needs_place: bool = True,
    ) -> LeaseRefusal | None:
        """Return why a call of about `tokens` tokens gets no lease now; `None` if it gets one.

        Changes nothing. `may_probe` is false for calls with side effects: they are no probe of an
        open breaker. `forced` overrules every refusal that `can_be_forced`. `needs_place` is false
        where a place is held already or does not matter.
        """
        refusal = None
        if (
            now < self.gate.opens_at
            or self.breaker.is_open
            or self.checks.is_unreachable
            or self.headroom.wait(tokens, now) > 0
        ):
            refusal = self._unavailability(tokens, now, may_probe=may_probe)
        if forced and refusal is not None and refusal.can_be_forced:
            refusal = None
        if refusal is None and needs_place and self.limiter.is_full(now):
            limit = self.limiter.limit_at(now)
            return self._refusal(Obstacle.FULL, None, f"runs {limit} attempts, which is its limit")
        return refusal

    def enqueue(self, on_start: Callable[[], None]) -> Ticket | None:
        """Return a ticket that waits for a place; `None` where the queue is full."""
        return self.limiter.enqueue(on_start)

    def start_waiting(self, now: float) -> None:
        """Start the tickets for which the concurrency limit has grown back enough."""
        self.limiter.grow(now)

    def lease(
        self,
        request: Plan,
        now: float,
        *,
        forced: bool = False,
        repeats: bool = False,
        ticket: Ticket | None = None,
    ) -> Lease:
        """Return the right to start an attempt now, after `refusal` has found nothing against it.

        `ticket` is one that has waited for its place and got it.

        Raises:
            AssertionError: `refusal` would not have been `None`.
        """
        ticket = ticket or self.limiter.try_acquire(now)
        breaker = self.breaker.force(now) if forced else self.breaker.admit(now)
        if ticket is None or breaker is None:
            raise AssertionError("a lease is asked for after `refusal` has found nothing")
        if breaker.probe:
            self._changes.probe_started()
        self.totals.started += 1
        self.load.started()
        self.turns.started(now)
        if self.checks.is_unreachable:
            self.checks.call_started(now)
        return Lease(
            deployment=self.deployment,
            request=request,
            streaming=request.streaming,
            started_at=now,
            breaker=breaker,
            ticket=ticket,
            mark=self.headroom.sent(request.tokens),
            probes_gate=self.gate.call_starts(now),
            repeats=repeats,
        )

    def record_headroom(self, lease: Lease, headroom: RateLimitHeadroom, now: float) -> None:
        """Record what the provider reports is left of its rate limits."""
        self.headroom.observed(headroom, lease.mark, now)

    def record_first_content(self, lease: Lease, now: float) -> None:
        """Record that an attempt's first content arrived."""
        self.measurements.forget_live_stats()
        latency = now - lease.started_at
        lease.first_content_at = now
        self._answered(lease, now)
        if self.breaker.is_open:
            slow = self.breaker.rule.is_slow(latency)
            self.breaker.answered(lease.breaker, now, slow=slow)
            self._breaker_used(was_open=True)
        self.load.answered(latency, now)
        self.measurements.first_content(latency, streaming=lease.streaming, now=now)

    def succeeded(self, lease: Lease, usage: Usage | None, now: float) -> None:
        """Settle a lease whose attempt became a complete answer."""
        self._settle(lease)
        self._answered(lease, now)
        first = now if lease.first_content_at is None else lease.first_content_at
        slow = self.breaker.rule.is_slow(first - lease.started_at)
        was_open = self.breaker.is_open
        self.breaker.succeeded(lease.breaker, now, slow=slow)
        self._breaker_used(was_open=was_open)
        self.limiter.succeeded(lease.ticket, now)
        self.totals.served += 1
        self.measurements.succeeded(now - lease.started_at, usage, now)

    def failed(self, lease: Lease, failure: Failure, now: float) -> None:
        """Settle a lease whose attempt failed.

        A stale connection counts as nothing: the provider has not seen the request. One that breaks
        the repetition as well is a failure like others.
        """
        self._settle(lease)
        self.totals.failed(failure.failure_class, now)
        if failure.is_stale_connection and not lease.repeats:
            self._repeats = lease.request
            self.breaker.released(lease.breaker)
            self.limiter.released(lease.ticket, now)
            self._gate_probe_ended(lease, now)
            return
        rule = failure.rule
        self._count_effect(lease, rule.breaker, failure.message, now)
        if rule.refused_for_load:
            self.limiter.overloaded(lease.ticket, now)
            if failure.retry_after is not None:
                was_open = self.gate.is_open(now)
                self.gate.close_for(failure.retry_after, now)
                if was_open:
                    self._changes.pause_began(failure.retry_after)
        else:
            self.limiter.released(lease.ticket, now)
        if failure.headroom is not None:
            self.headroom.observed(failure.headroom, lease.mark, now)
        self._record_reach(lease, failure, now)
        if rule.breaker is not BreakerEffect.NOTHING:
            self._count_failure(lease, now, slow=rule.breaker is BreakerEffect.SLOW_CALL)

    def released(self, lease: Lease, now: float) -> None:
        """Settle a lease that counts as neither success nor failure: the attempt was cancelled."""
        self._settle(lease)
        self.breaker.released(lease.breaker)
        self.limiter.released(lease.ticket, now)
        self._gate_probe_ended(lease, now)
        self.totals.cancelled += 1
        if lease.first_content_at is None:
            latency = now - lease.started_at
            self.load.given_up(latency, now)
            self.measurements.no_content(latency, streaming=lease.streaming, now=now)

    def overdue(self, lease: Lease, now: float) -> None:
        """Settle a lease whose attempt lost after its patience, without any content.

        It counts as a slow call that failed, but as a cancelled attempt in the totals.
        """
        self._settle(lease)
        self._count_effect(lease, BreakerEffect.SLOW_CALL, "no first content in time", now)
        self.limiter.released(lease.ticket, now)
        self._gate_probe_ended(lease, now)
        self.checks.call_failed(now)
        self.totals.cancelled += 1
        self.totals.overdue += 1
        self._count_failure(lease, now, slow=True)

    def checked(self, result: CheckResult, now: float) -> None:
        """Record an active check; after a good one the next call may probe an open breaker."""
        was_failing = self.checks.is_failing
        self.checks.ended(result, now)
        if result.failure is None:
            self.breaker.probe_soon(now)
        if was_failing is not self.checks.is_failing:
            self._changes.check_changed(result.failure)

    @property
    def queued(self) -> int:
        """How many calls wait for a place, or have one and have not started yet."""
        return self.limiter.queued + self.limiter.in_flight - self.load.in_flight

    @property
    def in_flight(self) -> int:
        """How many attempts run."""
        return self.load.in_flight

    def health(self, now: float, *, disabled: str) -> DeploymentHealth:
        """Return what operators see; `disabled` says why it is disabled, or is empty."""
        outcomes = self.measurements.outcomes(now)
        breaker = self.breaker.snapshot(now)
        waits = self.gate.closed_for(now)
        totals = self.totals
        return DeploymentHealth(
            deployment=self.deployment,
            state=health_state(
                outcomes,
                breaker=breaker.state,
                is_paused=waits > 0,
                checks=self.checks,
                is_disabled=bool(disabled),
            ),
            breaker=breaker,
            success_rate=outcomes.success_rate,
            outcomes=outcomes.calls,
            window=outcomes.span,
            time_to_first_content=self.measurements.first_content_quantiles(now),
            duration=self.measurements.duration_quantiles(now),
            output_tokens_per_second=self.measurements.output_tokens_per_second(),
            in_flight=self.in_flight,
            concurrency_limit=self.limiter.limit_at(now),
            queued=self.queued,
            headroom=self.headroom.headroom,
            headroom_age=self.headroom.age(now),
            not_before_delay=waits or None,
            last_failure=totals.last_failure,
            last_failure_age=totals.last_failure_age(now),
            last_probe=self.checks.result(now),
            attempts_total=totals.started,
            served_total=totals.served,
            cancelled_total=totals.cancelled,
            failures_total=dict(totals.failures),
            disabled_description=disabled,
            is_part_of_outage=self.is_part_of_outage(now),
            overdue_total=totals.overdue,
        )

    def _unavailability(self, tokens: int, now: float, *, may_probe: bool) -> LeaseRefusal | None:
        """Return why the deployment should not be called now, whether it has a place or not."""
        wait = self.gate.closed_for(now)
        if wait > 0:
            return self._refusal(Obstacle.GATED, wait, f"asked not to be called for {wait:.3g} s")
        probe_at = self.breaker.next_probe_at(now)
        if probe_at is not None and not (may_probe and self.breaker.admits(now)):
            wait = probe_at - now
            until = f"for {wait:.3g} s" if wait > 0 else "until its probe ends"
            description = f"has an open circuit breaker {until}"
            return self._refusal(Obstacle.BREAKER_OPEN, wait, description)
        if self.checks.is_unreachable and not (may_probe and self.checks.lets_call_through(now)):
            return self._refusal(Obstacle.UNREACHABLE, None, "failed the last health check")
        wait = self.headroom.wait(tokens, now)
        if wait > 0:
            description = f"is at its rate limit for {wait:.3g} s"
            return self._refusal(Obstacle.NO_HEADROOM, wait, description)
        return None

    def _refusal(self, obstacle: Obstacle, wait: float | None, description: str) -> LeaseRefusal:
        return LeaseRefusal(
            deployment=self.deployment, obstacle=obstacle, wait=wait, description=description
        )

    def _answered(self, lease: Lease, now: float) -> None:
        self.checks.call_answered(now)
        self.turns.succeeded(now)
        if lease.probes_gate or self._changes.has_paused:
            self._gate_answered(lease, now)

    def _gate_answered(self, lease: Lease, now: float) -> None:
        if lease.probes_gate:
            lease.probes_gate = False
            self.gate.answered()
        if self._changes.has_paused and self.gate.is_open(now):
            self._changes.pause_ended()

    def _gate_probe_ended(self, lease: Lease, now: float) -> None:
        if lease.probes_gate:
            self.gate.probe_ended(now)

    def _record_reach(self, lease: Lease, failure: Failure, now: float) -> None:
        """Record whether a failed attempt was answered, if only by a refusal."""
        if failure.failure_class is FailureClass.LOCAL_LIMIT:
            self._gate_probe_ended(lease, now)
        elif is_unreachable(failure):
            self.checks.call_failed(now)
            self._gate_probe_ended(lease, now)
        else:
            self.checks.call_answered(now)
            if not failure.rule.refused_for_load:
                self._gate_answered(lease, now)

    def _count_effect(self, lease: Lease, effect: BreakerEffect, reason: str, now: float) -> None:
        was_open = self.breaker.is_open
        self.breaker.failed(lease.breaker, now, effect)
        self._breaker_used(was_open=was_open, reason=reason)

    def _count_failure(self, lease: Lease, now: float, *, slow: bool) -> None:
        self.turns.failed()
        latency = now - lease.started_at
        self.load.failed(latency, now)
        self.measurements.failed(now)
        if slow and lease.first_content_at is None:
            self.measurements.no_content(latency, streaming=lease.streaming, now=now)

    def _breaker_used(self, *, was_open: bool, reason: str = "too many slow calls") -> None:
        """Report what an outcome did to the breaker; a recovered deployment competes again."""
        if self.breaker.is_open or was_open:
            self._changes.breaker_used(self.breaker, reason)
        if was_open and not self.breaker.is_open:
            self.load.recovered()

    def _settle(self, lease: Lease) -> None:
        self.measurements.forget_live_stats()
        if lease.settled:
            raise AssertionError("a lease is settled exactly once")
        lease.settled = True
        self.load.ended()
