"""What one deployment has been through, and whether it may be called now."""

from __future__ import annotations

import collections
import dataclasses
import math
import random as random_module
from collections.abc import Callable

from routersvc.domain.catalogue.deployments import (
    Deployment,
)
from routersvc.domain.conversation.rate_limit_headroom import (
    RateLimitHeadroom,
)
from routersvc.domain.conversation.usage import (
    Usage,
)
from routersvc.domain.fleet.active_checks import (
    CheckRecord,
    CheckResult,
)
from routersvc.domain.fleet.breaker_health import (
    BreakerState,
)
from routersvc.domain.fleet.breakers import (
    Breaker,
    BreakerRule,
)
from routersvc.domain.fleet.concurrency import (
    ConcurrencyLimiter,
    ConcurrencyRule,
    Ticket,
)
from routersvc.domain.fleet.health import (
    DeploymentHealth,
    HealthState,
    Quantiles,
)
from routersvc.domain.fleet.leases import (
    Lease,
    LeaseRefusal,
    Obstacle,
)
from routersvc.domain.fleet.load_balancing import (
    Load,
    LoadContender,
)
from routersvc.domain.fleet.rate_limits import (
    RateLimitGate,
    RateLimitLedger,
)
from routersvc.domain.measures.latencies import (
    LatencyWindow,
)
from routersvc.domain.measures.latency_histories import (
    LatencyHistory,
    LatencyView,
)
from routersvc.domain.measures.success_rates import (
    SuccessRate,
    SuccessRateWindow,
)
from routersvc.domain.outcomes.failure_rules import (
    BreakerEffect,
    FailureClass,
)
from routersvc.domain.outcomes.failures import (
    Failure,
)
from routersvc.domain.planning.live_stats import (
    LiveStats,
)

DEGRADED_BELOW = 0.95
"""A success rate below this is called degraded: one in twenty calls needs a failover."""

LATE = 0.95
"""One in twenty takes longer."""

LATENCY_SPAN = 120.0
"""Seconds of latencies to tell: long enough for a p99 at one call per second."""

_OUTLOOK_KEPT = 0.25
"""Seconds."""

_SPEEDS = 64
"""Answers whose speed is remembered: the median of so many is steady within a few per cent."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class DeploymentRules:
    """When a deployment is called less, or not at all."""

    breaker: BreakerRule = dataclasses.field(default_factory=BreakerRule)
    concurrency: ConcurrencyRule = dataclasses.field(default_factory=ConcurrencyRule)


class DeploymentState:
    """What one deployment has been through. Synchronous; told the time."""

    def __init__(
        self, deployment: Deployment, rules: DeploymentRules, *, random: random_module.Random
    ) -> None:
        self.deployment = deployment
        self.breaker = Breaker(rules.breaker, random=random)
        self.gate = RateLimitGate()
        self.headroom = RateLimitLedger()
        self.load = Load()
        self._at_full_share = LoadContender(self.load)
        self._outlooks: dict[bool, LiveStats] = {}
        self._outlooks_end = -math.inf
        self.checks = CheckRecord()
        self.attempts_total = 0
        self._limiter = ConcurrencyLimiter(rules.concurrency)
        self._outcomes = SuccessRateWindow(span=rules.breaker.window)
        self._first_contents = {True: LatencyHistory(), False: LatencyHistory()}
        self._durations = LatencyWindow(span=LATENCY_SPAN)
        self._speeds: collections.deque[float] = collections.deque(maxlen=_SPEEDS)
        self._served_total = 0
        self._cancelled_total = 0
        self._failures_total: collections.Counter[FailureClass] = collections.Counter()
        self._last_failure: FailureClass | None = None
        self._last_failure_at = 0.0

    def history(self, *, streaming: bool) -> LatencyHistory:
        """Return the times to first content of one class of request."""
        return self._first_contents[streaming]

    def live_stats(
        self, now: float, *, streaming: bool, changes_nothing: bool = False
    ) -> LiveStats:
        """Return what calls have lately shown, for planning.

        Latencies are those of the last quarter second, as for hedges. The rest is looked up anew
        after every call, and otherwise as often: that is how fast what was seen leaves its window.
        """
        known = self.seen_live_stats(now, streaming=streaming)
        if known is None:
            history = self._first_contents[streaming]
            look = history.glance if changes_nothing else history.view
            known = self._live_stats(look(LATE, now), now, streaming=streaming)
            if not changes_nothing:
                if now >= self._outlooks_end:
                    self._outlooks.clear()
                    self._outlooks_end = now + _OUTLOOK_KEPT
                self._outlooks[streaming] = known
        return known

    def seen_live_stats(self, now: float, *, streaming: bool) -> LiveStats | None:
        """Return the outlook that planning has just seen, if it has. Changes nothing."""
        return self._outlooks.get(streaming) if now < self._outlooks_end else None

    def _live_stats(self, view: LatencyView | None, now: float, *, streaming: bool) -> LiveStats:
        first = None if view is None else view.median
        return LiveStats(
            latency=first if streaming else self._durations.quantile(0.5, now),
            first_content=first,
            late=None if view is None else view.percentile,
            success_rate=self._outcomes.outcomes(now).success_rate,
        )

    def usual_duration(self, now: float) -> float | None:
        """Return the seconds in which 19 of 20 whole answers come; `None` where none is known."""
        return self._durations.quantile(LATE, now)

    def outcomes(self, now: float) -> SuccessRate:
        """Return how calls have ended lately."""
        return self._outcomes.outcomes(now)

    def is_degraded(self, now: float) -> bool:
        """Whether calls fail here more often than they should."""
        if self.breaker.is_open:
            return True
        rate = self._outcomes.outcomes(now).success_rate
        return rate is not None and rate < DEGRADED_BELOW

    def contender(self, now: float) -> LoadContender:
        """Return what the picker weighs: the load, and the share of traffic to be had."""
        if self.checks.is_unreachable:
            return LoadContender(self.load, 0.0)
        share = self.breaker.share(now)
        return self._at_full_share if share >= 1 else LoadContender(self.load, share)

    def awaits_probe(self, now: float) -> bool:
        """Whether the next call would be the probe of an open breaker."""
        return (
            self.breaker.state(now) is BreakerState.HALF_OPEN
            and self.obstacle(0, now, may_probe=True) is None
        )

    def obstacle(self, tokens: int, now: float, *, may_probe: bool = True) -> LeaseRefusal | None:
        """Return what keeps a call of about `tokens` tokens away now; `None` for nothing.

        A call that may not be repeated elsewhere is no probe: `may_probe` is false.
        """
        wait = self.gate.closed_for(now)
        if wait > 0:
            return self._refusal(Obstacle.GATED, wait, f"asked not to be called for {wait:.3g} s")
        probe_at = self.breaker.next_probe_at(now)
        if probe_at is not None and not (may_probe and self.breaker.admits(now)):
            wait = probe_at - now
            return self._refusal(
                Obstacle.BREAKER_OPEN, wait, f"has failed too often and rests for {wait:.3g} s"
            )
        if self.checks.is_unreachable:
            return self._refusal(Obstacle.UNREACHABLE, None, "did not answer the last check")
        wait = self.headroom.wait(tokens, now)
        if wait > 0:
            return self._refusal(
                Obstacle.NO_HEADROOM, wait, f"would refuse for its rate limit for {wait:.3g} s"
            )
        return None

    def blocking_reason(self, tokens: int, now: float, *, may_probe: bool) -> LeaseRefusal | None:
        """Return what `lease` would say no for, a lack of places included. Changes nothing."""
        refusal = self.obstacle(tokens, now, may_probe=may_probe)
        if refusal is None and self._limiter.is_full:
            return self._full()
        return refusal

    def enqueue(self, on_start: Callable[[], None]) -> Ticket | None:
        """Return a ticket that waits for a place; `None` where the queue is full."""
        return self._limiter.enqueue(on_start)

    def lease(
        self,
        tokens: int,
        now: float,
        *,
        streaming: bool,
        may_probe: bool = True,
        forced: bool = False,
        ticket: Ticket | None = None,
    ) -> Lease | LeaseRefusal:
        """Return the right to start an attempt now, or what keeps it from starting.

        `ticket` is one that has waited and started; it stays the caller's where the answer is no.
        """
        if not forced:
            refusal = self.obstacle(tokens, now, may_probe=may_probe)
            if refusal is not None:
                return refusal
        ticket = ticket or self._limiter.try_acquire(now)
        if ticket is None:
            return self._full()
        breaker = self.breaker.force(now) if forced else self.breaker.admit(now)
        if breaker is None:
            raise AssertionError("a breaker that admits gives a lease")
        self.attempts_total += 1
        self.load.started()
        return Lease(
            deployment=self.deployment,
            streaming=streaming,
            started_at=now,
            breaker=breaker,
            ticket=ticket,
            mark=self.headroom.sent(tokens),
        )

    def observed(self, lease: Lease, headroom: RateLimitHeadroom, now: float) -> None:
        """Take note of what the provider says is left of its rate limits."""
        self.headroom.observed(headroom, lease.mark, now)

    def answered(self, lease: Lease, now: float) -> None:
        """Take note of an attempt's first content."""
        self._outlooks.clear()
        latency = now - lease.started_at
        lease.first_content_at = now
        self.checks.heard(now)
        slow = self.breaker.rule.is_slow(latency)
        was_open = self.breaker.is_open
        self.breaker.answered(lease.breaker, now, slow=slow)
        self._note_recovery(was_open)
        self.load.answered(latency, now)
        self._first_contents[lease.streaming].record(latency, now)

    def succeeded(self, lease: Lease, usage: Usage | None, now: float) -> None:
        """Settle a lease whose attempt became a complete answer."""
        self._settle(lease)
        duration = now - lease.started_at
        first = now if lease.first_content_at is None else lease.first_content_at
        slow = self.breaker.rule.is_slow(first - lease.started_at)
        was_open = self.breaker.is_open
        self.breaker.succeeded(lease.breaker, now, slow=slow)
        self._note_recovery(was_open)
        self._limiter.succeeded(lease.ticket, now)
        self._outcomes.succeeded(now)
        self._served_total += 1
        self._durations.record(duration, now)
        if usage is not None and usage.output_tokens and duration > 0:
            self._speeds.append(usage.output_tokens / duration)

    def failed(self, lease: Lease, failure: Failure, now: float) -> None:
        """Settle a lease whose attempt failed."""
        self._settle(lease)
        self.checks.heard(now)
        rule = failure.rule
        self.breaker.failed(lease.breaker, now, rule.breaker)
        if rule.refused_for_load:
            self._limiter.overloaded(lease.ticket, now)
        else:
            self._limiter.released(lease.ticket, now)
        if rule.refused_for_load and failure.retry_after is not None:
            self.gate.close_for(failure.retry_after, now)
        if failure.headroom is not None:
            self.headroom.observed(failure.headroom, lease.mark, now)
        self._failures_total[failure.failure_class] += 1
        self._last_failure = failure.failure_class
        self._last_failure_at = now
        if rule.breaker is BreakerEffect.NOTHING:
            return
        latency = now - lease.started_at
        self.load.failed(latency, now)
        self._outcomes.failed(now)
        if lease.first_content_at is None and rule.breaker is BreakerEffect.SLOW_CALL:
            self._first_contents[lease.streaming].record_censored(latency, now)

    def released(self, lease: Lease, now: float) -> None:
        """Settle a lease that says nothing of health: a loser, a departed caller."""
        self._settle(lease)
        self.breaker.released(lease.breaker)
        self._limiter.released(lease.ticket, now)
        self._cancelled_total += 1
        if lease.first_content_at is None:
            latency = now - lease.started_at
            self.load.given_up(latency, now)
            self._first_contents[lease.streaming].record_censored(latency, now)

    def checked(self, result: CheckResult, now: float) -> None:
        """Take note of an active check; a good one lets the next call probe without waiting."""
        self.checks.checked(result, now)
        if result.failure is None:
            self.breaker.probe_soon(now)

    def withdrawn(self, lease: Lease, tokens: int, now: float) -> None:
        """Settle the last lease, whose attempt of `tokens` never started: a budget refused it."""
        self._settle(lease)
        self.headroom.unsent(tokens)
        self.breaker.released(lease.breaker)
        self._limiter.released(lease.ticket, now)
        self.attempts_total -= 1

    @property
    def queued(self) -> int:
        """How many calls wait for a place."""
        return self._limiter.queued

    @property
    def in_flight(self) -> int:
        """How many attempts run."""
        return self.load.in_flight

    def health(self, now: float, *, disabled: str) -> DeploymentHealth:
        """Return what operators are told; `disabled` says why it is out of use, or is empty."""
        outcomes = self._outcomes.outcomes(now)
        breaker = self.breaker.snapshot(now)
        speeds = sorted(self._speeds)
        waits = self.gate.closed_for(now)
        streaming = self._first_contents[True].window
        first_contents = streaming if streaming.count(now) else self._first_contents[False].window
        return DeploymentHealth(
            deployment=self.deployment,
            state=self._summary(outcomes, breaker.state, waits, disabled=disabled),
            breaker=breaker,
            success_rate=outcomes.success_rate,
            outcomes=outcomes.calls,
            window=outcomes.span,
            time_to_first_content=_quantiles(first_contents, now),
            duration=_quantiles(self._durations, now),
            output_tokens_per_second=speeds[len(speeds) // 2] if speeds else None,
            in_flight=self.in_flight,
            concurrency_limit=self._limiter.limit,
            queued=self._limiter.queued,
            headroom=self.headroom.headroom,
            headroom_age=self.headroom.age(now),
            not_before_delay=waits or None,
            last_failure=self._last_failure,
            last_failure_age=None if self._last_failure is None else now - self._last_failure_at,
            last_probe=self.checks.result(now),
            attempts_total=self.attempts_total,
            served_total=self._served_total,
            cancelled_total=self._cancelled_total,
            failures_total=dict(self._failures_total),
            disabled_description=disabled,
        )

    def _summary(
        self, outcomes: SuccessRate, breaker: BreakerState, waits: float, *, disabled: str
    ) -> HealthState:
        if disabled:
            return HealthState.DISABLED
        if breaker is not BreakerState.CLOSED or waits > 0 or self.checks.is_unreachable:
            return HealthState.UNAVAILABLE
        if outcomes.success_rate is None:
            return HealthState.UNKNOWN
        if outcomes.success_rate < DEGRADED_BELOW:
            return HealthState.DEGRADED
        return HealthState.HEALTHY

    def _full(self) -> LeaseRefusal:
        return self._refusal(Obstacle.FULL, None, f"has its {self._limiter.limit} places taken")

    def _refusal(self, obstacle: Obstacle, wait: float | None, description: str) -> LeaseRefusal:
        return LeaseRefusal(
            deployment=self.deployment, obstacle=obstacle, wait=wait, description=description
        )

    def _note_recovery(self, was_open: bool) -> None:  # noqa: FBT001 - a moment's fact
        if was_open and not self.breaker.is_open:
            self.load.recovered()

    def _settle(self, lease: Lease) -> None:
        self._outlooks.clear()
        if lease.settled:
            raise AssertionError("a lease is settled exactly once")
        lease.settled = True
        self.load.ended()


def _quantiles(window: LatencyWindow, now: float) -> Quantiles | None:
    samples = window.count(now)
    p50, p90, p95, p99 = (window.quantile(share, now) for share in (0.5, 0.9, 0.95, 0.99))
    if p50 is None or p90 is None or p95 is None or p99 is None:
        return None
    return Quantiles(p50=p50, p90=p90, p95=p95, p99=p99, samples=samples)
