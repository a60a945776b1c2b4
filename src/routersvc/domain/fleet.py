"""The deployments as a whole: what each has been through, and whether it may be called now.

The only place where an attempt's outcome becomes health. A race asks `admit` before it starts an
attempt and settles the lease exactly once: `succeeded`, `failed` or `released`. A lease that
is released (a loser, a departed caller, a passed deadline) changes no deployment's health.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Sequence

from routersvc.domain.answers import RateLimitHeadroom, Usage
from routersvc.domain.catalogue import Deployment
from routersvc.domain.failures import BreakerEffect, Failure, FailureClass
from routersvc.domain.health import (
    BreakerHealth,
    BreakerState,
    DeploymentHealth,
    HealthState,
    Quantiles,
)

HEALTH_WINDOW = 30.0
"""Seconds over which success rate and quantiles are told; the breaker's window by default."""

DEGRADED_BELOW = 0.95
"""A success rate below this is called degraded: one in twenty calls needs a failover."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _Sample:
    at: float
    succeeded: bool
    first_content: float | None
    duration: float
    output_tokens: int


@dataclasses.dataclass(kw_only=True, slots=True, eq=False)
class Lease:
    """The right to run one attempt on one deployment; settled exactly once."""

    deployment: Deployment
    started_at: float
    settled: bool = False


class _DeploymentState:
    """What one deployment has been through."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.samples: collections.deque[_Sample] = collections.deque(maxlen=4096)
        self.in_flight = 0
        self.attempts_total = 0
        self.served_total = 0
        self.cancelled_total = 0
        self.failures_total: collections.Counter[FailureClass] = collections.Counter()
        self.consecutive_failures = 0
        self.last_failure: FailureClass | None = None
        self.last_failure_at: float | None = None
        self.headroom: RateLimitHeadroom | None = None
        self.headroom_at: float | None = None

    def add(self, sample: _Sample) -> None:
        self.samples.append(sample)
        self.forget(sample.at)

    def forget(self, now: float) -> None:
        """Drop samples that have slid out of the window."""
        while self.samples and self.samples[0].at <= now - HEALTH_WINDOW:
            self.samples.popleft()

    def recent(self, now: float) -> list[_Sample]:
        return [sample for sample in self.samples if sample.at > now - HEALTH_WINDOW]


class Fleet:
    """Every deployment's state. Synchronous; told the time."""

    def __init__(self, deployments: Iterable[Deployment]) -> None:
        self._states = {deployment.name: _DeploymentState(deployment) for deployment in deployments}

    @property
    def running_attempts(self) -> int:
        """How many leases are out."""
        return sum(state.in_flight for state in self._states.values())

    def admit(self, deployment: Deployment, now: float) -> Lease | None:
        """Return the right to start an attempt now, or `None` where there is none to be had."""
        state = self._states[deployment.name]
        state.in_flight += 1
        state.attempts_total += 1
        return Lease(deployment=deployment, started_at=now)

    def observed(self, lease: Lease, headroom: RateLimitHeadroom, now: float) -> None:
        """Take note of what the provider says is left of its rate limits."""
        state = self._states[lease.deployment.name]
        state.headroom = headroom
        state.headroom_at = now

    def succeeded(
        self, lease: Lease, *, first_content: float | None, usage: Usage | None, now: float
    ) -> None:
        """Settle a lease whose attempt became a complete answer."""
        state = self._settle(lease)
        state.served_total += 1
        state.consecutive_failures = 0
        state.add(
            _Sample(
                at=now,
                succeeded=True,
                first_content=first_content,
                duration=now - lease.started_at,
                output_tokens=0 if usage is None else usage.output_tokens,
            )
        )

    def failed(self, lease: Lease, failure: Failure, now: float) -> None:
        """Settle a lease whose attempt failed."""
        state = self._settle(lease)
        state.failures_total[failure.failure_class] += 1
        state.last_failure = failure.failure_class
        state.last_failure_at = now
        if failure.headroom is not None:
            state.headroom = failure.headroom
            state.headroom_at = now
        effect = failure.rule.breaker
        if effect is BreakerEffect.FAILURE:
            state.consecutive_failures += 1
        if effect is not BreakerEffect.NOTHING:
            state.add(
                _Sample(
                    at=now,
                    succeeded=False,
                    first_content=None,
                    duration=now - lease.started_at,
                    output_tokens=0,
                )
            )

    def released(self, lease: Lease) -> None:
        """Settle a lease that says nothing of the deployment: a loser, a departed caller."""
        state = self._settle(lease)
        state.cancelled_total += 1

    def health(self, deployment: Deployment, now: float) -> DeploymentHealth:
        """Return how one deployment fares. Changes nothing."""
        state = self._states[deployment.name]
        samples = state.recent(now)
        succeeded = [sample for sample in samples if sample.succeeded]
        success_rate = len(succeeded) / len(samples) if samples else None
        speeds = sorted(
            sample.output_tokens / sample.duration
            for sample in succeeded
            if sample.output_tokens and sample.duration > 0
        )
        return DeploymentHealth(
            deployment=deployment,
            state=_summary(deployment, success_rate),
            breaker=BreakerHealth(
                state=BreakerState.CLOSED,
                next_probe_delay=None,
                consecutive_failures=state.consecutive_failures,
                opened_total=0,
            ),
            success_rate=success_rate,
            outcomes=len(samples),
            window=HEALTH_WINDOW,
            time_to_first_content=_quantiles(
                [s.first_content for s in succeeded if s.first_content is not None]
            ),
            duration=_quantiles([s.duration for s in succeeded]),
            output_tokens_per_second=speeds[len(speeds) // 2] if speeds else None,
            in_flight=state.in_flight,
            concurrency_limit=None,
            queued=0,
            headroom=state.headroom,
            headroom_age=None if state.headroom_at is None else now - state.headroom_at,
            not_before_delay=None,
            last_failure=state.last_failure,
            last_failure_age=None if state.last_failure_at is None else now - state.last_failure_at,
            last_probe=None,
            attempts_total=state.attempts_total,
            served_total=state.served_total,
            cancelled_total=state.cancelled_total,
            failures_total=dict(state.failures_total),
            disabled_description="" if deployment.enabled else "the operator has taken it out",
        )

    def _settle(self, lease: Lease) -> _DeploymentState:
        if lease.settled:
            raise AssertionError("a lease is settled exactly once")
        lease.settled = True
        state = self._states[lease.deployment.name]
        state.in_flight -= 1
        return state


def _summary(deployment: Deployment, success_rate: float | None) -> HealthState:
    if not deployment.enabled:
        return HealthState.DISABLED
    if success_rate is None:
        return HealthState.UNKNOWN
    if success_rate == 0:
        return HealthState.UNAVAILABLE
    if success_rate < DEGRADED_BELOW:
        return HealthState.DEGRADED
    return HealthState.HEALTHY


def _quantiles(values: Sequence[float]) -> Quantiles | None:
    """Return nearest-rank quantiles."""
    if not values:
        return None
    ordered = sorted(values)
    last = len(ordered) - 1

    def rank(share: float) -> float:
        return ordered[min(last, int(share * len(ordered)))]

    return Quantiles(
        p50=rank(0.50), p90=rank(0.90), p95=rank(0.95), p99=rank(0.99), samples=len(ordered)
    )
