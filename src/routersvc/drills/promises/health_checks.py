"""Checks the health that the router reports for a deployment against what the drill observed.

It does not look into breakers. It observes starts and ends of attempts, and compares the health
that the router reports before and after them.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterator

from routersvc.domain.fleet.breaker_health import BreakerState
from routersvc.domain.fleet.health import DeploymentHealth, HealthState
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.drills.promises.promise_records import LiveAttempt, Promise

Complaint = tuple[Promise, str]
_ROUNDING = 1e-9
_LONGEST_GATE = 60.0
"""A longer wait that a deployment asks for need not be kept."""
_SAYS_NOTHING = frozenset({AttemptOutcome.LOST, AttemptOutcome.CANCELLED})


@dataclasses.dataclass(frozen=True, slots=True)
class _Verdicts:
    """The parts of a deployment's health that do not change by time alone."""

    consecutive_failures: int
    opened: int
    served: int
    failed: int
    overdue: int

    @classmethod
    def of(cls, health: DeploymentHealth) -> _Verdicts:
        return cls(
            health.breaker.consecutive_failures,
            health.breaker.opened_total,
            health.served_total,
            sum(health.failures_total.values()),
            health.overdue_total,
        )


class DeploymentWatch:
    """One deployment as the drill observed it. Its methods return violations as sentences."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._not_before = 0.0
        self._verdicts = _Verdicts(0, 0, 0, 0, 0)
        self._probes: list[LiveAttempt] = []
        self._started = 0
        self._slow_losers = 0
        self._ended: collections.Counter[AttemptOutcome] = collections.Counter()
        self._failures: collections.Counter[FailureClass] = collections.Counter()

    def started(self, health: DeploymentHealth, now: float) -> Iterator[Complaint]:
        """Check a start; `health` is the one after it."""
        self._started += 1
        if now < self._not_before - _ROUNDING:
            yield (
                Promise.GATES,
                f"`{self.name}` asked not to be called before {self._not_before:.6f} s",
            )
        if health.breaker.state is BreakerState.CLOSED:
            self._probes.clear()
        self._verdicts = _Verdicts.of(health)

    def needs_force(self, health: DeploymentHealth) -> bool:
        """Whether an attempt that has just started was neither a probe nor allowed."""
        match health.breaker.state:
            case BreakerState.CLOSED:
                return False
            case BreakerState.OPEN:
                return True
            case BreakerState.HALF_OPEN:
                return any(
                    probe.running and probe.probe_of == health.breaker.opened_total
                    for probe in self._probes
                )

    def probes(self, attempt: LiveAttempt, health: DeploymentHealth) -> None:
        """Record that an attempt is the probe of an open breaker."""
        attempt.probe_of = health.breaker.opened_total
        self._probes = [probe for probe in self._probes if probe.running]
        self._probes.append(attempt)

    def ended(
        self, attempt: LiveAttempt, health: DeploymentHealth, now: float
    ) -> Iterator[Complaint]:
        """Check an end; `health` is the one after it."""
        report = attempt.report
        if report is None:
            return
        self._ended[report.outcome] += 1
        failure = report.failure
        if report.outcome in {AttemptOutcome.FAILED, AttemptOutcome.BROKEN} and failure is not None:
            self._failures[failure.failure_class] += 1
            if failure.rule.refused_for_load and failure.retry_after is not None:
                wait = min(failure.retry_after, _LONGEST_GATE)
                self._not_before = max(self._not_before, now + wait)
        verdicts = _Verdicts.of(health)
        before = self._verdicts
        # A loser without content may count as a slow call.
        is_slow = attempt.ran_beside and not attempt.spoke
        is_overdue = verdicts.overdue > before.overdue
        if is_overdue and not is_slow:
            yield Promise.LOSERS, f"an attempt on `{self.name}` counts as overdue, not being late"
        # First content of a probe may have closed the breaker since: only worse is wrong.
        is_worse = (
            verdicts.consecutive_failures > before.consecutive_failures
            or verdicts.opened != before.opened
            or verdicts.served != before.served
            or verdicts.failed != before.failed
        )
        if report.outcome in _SAYS_NOTHING and not is_overdue and is_worse:
            yield (
                Promise.LOSERS,
                f"a {report.outcome.value} attempt changed the health of `{self.name}`",
            )
        self._slow_losers += is_overdue
        self._verdicts = verdicts

    def over(self, health: DeploymentHealth) -> Iterator[Complaint]:
        """Compare the sums at the end of the drill."""
        served = self._ended[AttemptOutcome.SERVED]
        cancelled = sum(self._ended[outcome] for outcome in _SAYS_NOTHING)
        for what, seen, told in (
            ("attempts", self._started, health.attempts_total),
            ("served", served, health.served_total),
            ("cancelled", cancelled, health.cancelled_total),
        ):
            if seen != told:
                yield Promise.LOSERS, f"`{self.name}` has {seen} {what}, its health tells {told}"
        if self._failures != collections.Counter(health.failures_total):
            yield (
                Promise.LOSERS,
                f"the failures of `{self.name}` are not those that its health tells",
            )
        if health.in_flight:
            yield (
                Promise.NOTHING_LEFT,
                f"`{self.name}` still has {health.in_flight} attempts in flight",
            )
        if health.queued:
            yield Promise.NOTHING_LEFT, f"{health.queued} attempts still wait for `{self.name}`"
        if not self._failures and not self._slow_losers and health.breaker.opened_total:
            yield Promise.LOSERS, f"the breaker of `{self.name}` opened without a failure"


def is_callable(health: DeploymentHealth) -> bool:
    """Whether nothing in the health prevents calls to a deployment."""
    return (
        health.breaker.state is BreakerState.CLOSED
        and health.state is not HealthState.UNAVAILABLE
        and health.not_before_delay is None
        and not health.disabled_description
        and health.headroom is None
        and not health.queued
        and (health.concurrency_limit is None or health.in_flight < health.concurrency_limit)
    )


def may_be_forced(reason: AttemptReason) -> bool:
    """Whether a deployment with an open breaker may be tried for this reason as a last resort."""
    return reason not in {AttemptReason.HEDGE, AttemptReason.RESCUE}
