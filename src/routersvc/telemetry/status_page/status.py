"""What the status page shows, as one JSON object that is made every few seconds.

Requests get the latest object, so that looking at the page costs the service next to nothing.
Deployments are read one by one, with other work of the event loop between them.
"""

from __future__ import annotations

import asyncio
import collections
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import orjson

from routersvc.domain.fleet.health import DeploymentHealth
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReport
from routersvc.domain.outcomes.errors import UnknownNameError
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.engine.generations import RouterConfiguration
from routersvc.engine.reload_status import ReloadStatus

MAX_DEPLOYMENTS = 200
MAX_DECISIONS = 50
INTERVAL = 2.0
"""Seconds between two readings."""

READINGS = 150
"""Readings that are kept for sparklines and shares: five minutes."""

Entries = dict[str, object]


class StatusSource(Protocol):
    """What a router tells of itself."""

    @property
    def reloads(self) -> ReloadStatus:
        """The configuration in force, and what became of reloads."""
        ...

    @property
    def active_calls(self) -> int:
        """How many calls have begun and not ended."""
        ...

    @property
    def configuration(self) -> RouterConfiguration:
        """The configuration in force."""
        ...

    def health(self, *, deployments: Sequence[str]) -> Sequence[DeploymentHealth]:
        """Return the health of deployments.

        Raises:
            UnknownNameError: one does not exist.
        """
        ...

    def recent_reports(self, count: int) -> Sequence[RouteReport]:
        """Return the reports of the latest calls, the latest first; also of running ones."""
        ...


class _Readings:
    """The latest readings of one deployment."""

    def __init__(self) -> None:
        self.latencies: collections.deque[float | None] = collections.deque(maxlen=READINGS)
        self.attempts: collections.deque[int] = collections.deque(maxlen=READINGS + 1)

    def add(self, health: DeploymentHealth) -> None:
        """Add a reading: the median time to first content, or to the end of whole answers."""
        times = health.time_to_first_content or health.duration
        self.latencies.append(None if times is None else times.p50)
        self.attempts.append(health.attempts_total)

    @property
    def recent_attempts(self) -> int:
        """How many attempts have ended since the oldest reading."""
        return max(0, self.attempts[-1] - self.attempts[0])


class StatusReader:
    """Reads the status of a router; `latest` is what was read last, as JSON.

    `wall_clock` returns seconds since the epoch.
    """

    def __init__(
        self, source: StatusSource, *, version: str, wall_clock: Callable[[], float]
    ) -> None:
        self._source = source
        self._version = version
        self._wall_clock = wall_clock
        self._readings: dict[str, _Readings] = {}
        self.latest = b"{}"

    async def run(self) -> None:
        """Read every `INTERVAL` seconds until cancelled."""
        while True:
            await self.read()
            await asyncio.sleep(INTERVAL)

    async def read(self) -> None:
        """Read the status once."""
        healths: list[DeploymentHealth] = []
        deployments = self._source.configuration.catalogue.deployments
        for name in itertools.islice(deployments, MAX_DEPLOYMENTS):
            try:
                healths += self._source.health(deployments=(name,))
            except UnknownNameError:
                # A reload has just removed it.
                continue
            await asyncio.sleep(0)
        for health in healths:
            self._readings.setdefault(health.deployment.name, _Readings()).add(health)
        shown = {health.deployment.name for health in healths}
        self._readings = {name: it for name, it in self._readings.items() if name in shown}
        self.latest = orjson.dumps(self._entries(healths))

    def _entries(self, healths: Sequence[DeploymentHealth]) -> Entries:
        total = sum(readings.recent_attempts for readings in self._readings.values())
        status = self._source.reloads
        reports = self._source.recent_reports(MAX_DECISIONS)
        return {
            "version": self._version,
            "read_at": self._wall_clock(),
            "interval_seconds": INTERVAL,
            "active_calls": self._source.active_calls,
            "configuration": {
                "digest": status.digest,
                "in_force_since": status.in_force_since,
                "failed_at": status.failed_at,
                "problems": status.problems,
                "waiting_for_restart": status.waiting_for_restart,
            },
            "deployments": [
                _deployment(health, self._readings[health.deployment.name], total)
                for health in healths
            ],
            "decisions": [_decision(report) for report in reports],
        }


def _deployment(health: DeploymentHealth, readings: _Readings, total: int) -> Entries:
    deployment = health.deployment
    first, duration = health.time_to_first_content, health.duration
    failure = health.last_failure
    return {
        "name": deployment.name,
        "provider": deployment.provider.name,
        "model": deployment.model.name,
        "region": deployment.compliance.region or "",
        "state": health.state.value,
        "disabled": health.disabled_description,
        "breaker": health.breaker.state.value,
        "next_probe_seconds": health.breaker.next_probe_delay,
        "pause_seconds": health.not_before_delay,
        "success_rate": health.success_rate,
        "first_content_p50_seconds": None if first is None else first.p50,
        "first_content_p95_seconds": None if first is None else first.p95,
        "duration_p50_seconds": None if duration is None else duration.p50,
        "tokens_per_second": health.output_tokens_per_second,
        "in_flight": health.in_flight,
        "concurrency_limit": health.concurrency_limit,
        "queued": health.queued,
        "attempts": health.attempts_total,
        "share": readings.recent_attempts / total if total else None,
        "latencies_seconds": tuple(readings.latencies),
        "last_failure": None if failure is None else failure.value,
        "last_failure_age_seconds": health.last_failure_age,
    }


def _decision(report: RouteReport) -> Entries:
    served, cost = report.served, report.total_cost
    return {
        "id": report.decision_id,
        "received_at": report.received_at,
        "policy": report.policy,
        "tenant": report.tenant,
        "outcome": _outcome(report),
        "served_by": None if served is None else served.deployment.name,
        "model": None if served is None else served.deployment.model.name,
        "model_version": "" if served is None else served.model_version,
        "duration_seconds": report.duration,
        "first_content_seconds": report.time_to_first_content,
        "cost_usd": None if cost is None else cost.usd,
        "wasted_usd": None if cost is None else cost.wasted_usd,
        "marks": [name for name, is_set in _marks(report).items() if is_set],
        "attempts": [_attempt(attempt) for attempt in report.attempts],
    }


def _outcome(report: RouteReport) -> str:
    if report.duration is None:
        return "running"
    outcomes = [attempt.outcome for attempt in report.attempts]
    if AttemptOutcome.SERVED in outcomes:
        return "served"
    return "cancelled" if outcomes[-1:] == [AttemptOutcome.CANCELLED] else "failed"


def _marks(report: RouteReport) -> Mapping[str, bool]:
    return {
        "hedged": report.hedged,
        "recovered": report.recovered,
        "degraded": report.degradation is not None,
    }


def _attempt(attempt: AttemptReport) -> Entries:
    failure = attempt.failure
    return {
        "deployment": attempt.deployment.name,
        "reason": attempt.reason.value,
        "outcome": attempt.outcome.value,
        "start_seconds": attempt.start_delay,
        "first_content_seconds": attempt.time_to_first_content,
        "duration_seconds": attempt.duration,
        "failure_class": None if failure is None else failure.failure_class.value,
        "failure": "" if failure is None else failure.message,
        "http_status": None if failure is None else failure.http_status,
    }
