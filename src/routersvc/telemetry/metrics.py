"""Counts calls and attempts, and collects the metrics for Prometheus.

Deployments, policies and tenants beyond the first `MAX_NAMES` are counted as `other`, so that
reloading configurations with ever new names does not grow the memory of the router and of
Prometheus. Not thread-safe: used on the event loop only.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.policies import Priority
from routersvc.domain.fleet.health import Availability
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason, AttemptReport
from routersvc.domain.outcomes.degradations import DegradationRung
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.engine.reload_status import ReloadStatus
from routersvc.telemetry import metric_families
from routersvc.telemetry.instruments import Counter, DurationHistogram
from routersvc.telemetry.outcomes import REJECTIONS, CallOutcome
from routersvc.telemetry.reliability_metrics import (
    all_calls_families,
    availability_families,
    extra_attempt_families,
)
from routersvc.telemetry.tenant_metrics import OTHER, TenantCounts

MAX_NAMES = 1000


@dataclasses.dataclass(slots=True)
class AttemptCounts:
    """The counts of the attempts on one deployment."""

    deployment: Deployment | None
    labels: tuple[str, str, str]
    running: int = 0
    ended: defaultdict[tuple[AttemptReason, AttemptOutcome, FailureClass | None], Counter] = (
        dataclasses.field(default_factory=lambda: defaultdict(Counter))
    )
    durations: defaultdict[AttemptOutcome, DurationHistogram] = dataclasses.field(
        default_factory=lambda: defaultdict(DurationHistogram)
    )
    first_content: DurationHistogram = dataclasses.field(default_factory=DurationHistogram)
    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: float = 0.0
    wasted_usd: float = 0.0

    def attempt_ended(self, attempt: AttemptReport) -> None:
        """Count an attempt that has ended."""
        self.running -= 1
        failure = attempt.failure
        failure_class = None if failure is None else failure.failure_class
        self.ended[attempt.reason, attempt.outcome, failure_class].value += 1
        if attempt.duration is not None:
            self.durations[attempt.outcome].observe(attempt.duration)
        if attempt.time_to_first_content is not None:
            self.first_content.observe(attempt.time_to_first_content)
        usage = attempt.usage
        self.input_tokens += usage.input_tokens
        self.output_tokens += usage.output_tokens
        self.cached_input_tokens += usage.cached_input_tokens
        self.reasoning_tokens += usage.reasoning_tokens
        if attempt.cost is not None:
            self.cost_usd += attempt.cost.usd
            self.wasted_usd += attempt.cost.wasted_usd


@dataclasses.dataclass(slots=True)
class CallCounts:
    """The counts of the calls with one policy, one outcome, and streaming on or off."""

    durations: DurationHistogram = dataclasses.field(default_factory=DurationHistogram)
    first_content: DurationHistogram = dataclasses.field(default_factory=DurationHistogram)
    ended: int = 0


class Metrics(Collector):
    """Counts calls and attempts, as a collector for a Prometheus registry."""

    def __init__(self, *, version: str) -> None:
        self._version = version
        self._calls: dict[tuple[str, bool, CallOutcome], CallCounts] = {}
        self._policies: set[str] = set()
        self._unknown_callers: defaultdict[str, Counter] = defaultdict(Counter)
        self._refused: defaultdict[tuple[CallOutcome, bool], Counter] = defaultdict(Counter)
        self._degraded = {rung: Counter() for rung in DegradationRung}
        self._shed = {priority: Counter() for priority in Priority}
        self._attempts: dict[tuple[str, str, str], AttemptCounts] = {}
        self._by_name: dict[str, AttemptCounts] = {}
        self._tenants = TenantCounts(max_names=MAX_NAMES)
        self.policies: Callable[[], Iterable[str]] = tuple
        self.tenants: Callable[[], Iterable[str]] = tuple
        self.active_calls: Callable[[], int] = int
        self.availability: Callable[[], Iterable[Availability]] = tuple
        self.reloads: ReloadStatus | None = None
        self.loop_lags = DurationHistogram()
        self.dropped_log_lines: Callable[[], int] = int
        self.logged_decisions: Callable[[], int] = int
        self.dropped_decisions: Callable[[], int] = int

    def attempts_on(self, deployment: Deployment) -> AttemptCounts:
        """Return the counts of the attempts on `deployment`."""
        counts = self._by_name.get(deployment.name)
        if counts is None or counts.deployment is not deployment:
            counts = self._attempts_on_new(deployment)
        return counts

    def call_ended(self, report: RouteReport, outcome: CallOutcome, *, streaming: bool) -> None:
        """Count a call that has ended."""
        counts = self._calls.get((report.policy, streaming, outcome))
        if counts is None:
            counts = self._calls_with_new(report.policy, outcome, streaming=streaming)
        counts.ended += 1
        if report.duration is not None:
            counts.durations.observe(report.duration)
        if report.time_to_first_content is not None:
            counts.first_content.observe(report.time_to_first_content)
        if report.degradation is not None:
            self._degraded[report.degradation.rung].value += 1
        self._tenants.call_ended(report, outcome)

    def call_refused(self, outcome: CallOutcome, *, streaming: bool, tenant: str = "") -> None:
        """Count a call that was rejected before any attempt."""
        self._tenants.call_refused(tenant, outcome)
        self._refused[outcome, streaming].value += 1

    def call_shed(self, priority: Priority) -> None:
        """Count a call that was rejected because the places of its priority were taken."""
        self._shed[priority].value += 1

    def caller_unknown(self, reason: str) -> None:
        """Count a call that was not authenticated, by the reason that its caller does not learn."""
        self._unknown_callers[reason].value += 1

    def collect(self) -> Iterator[Metric]:
        """Yield every family with its samples as of now."""
        available = tuple(itertools.islice(self.availability(), MAX_NAMES))
        self._begin_series(available)
        build = metric_families.BUILD.family()
        build.add_metric((), {"version": self._version})
        yield build
        yield from _configuration_families(self.reloads)
        lags = metric_families.EVENT_LOOP_LAG.family()
        lags.add_metric((), self.loop_lags.buckets(), self.loop_lags.total)
        yield lags
        yield from self._call_families()
        yield from self._attempt_families()
        yield from availability_families(available)
        yield from self._usage_families()
        yield from self._tenants.families()
        dropped = metric_families.LOG_LINES_DROPPED.family()
        dropped.add_metric((), self.dropped_log_lines())
        yield dropped
        decisions = metric_families.DECISIONS_LOGGED.family()
        decisions.add_metric(("written",), self.logged_decisions())
        decisions.add_metric(("dropped",), self.dropped_decisions())
        yield decisions

    def _begin_series(self, available: Iterable[Availability]) -> None:
        """Make the series of the configuration in force exist, at 0 until something is counted."""
        for each in available:
            counts = self.attempts_on(each.deployment)
            counts.ended[AttemptReason.FIRST, AttemptOutcome.SERVED, None].value += 0
        for policy, streaming in itertools.product(self.policies(), (False, True)):
            self._calls_with_new(policy, CallOutcome.SERVED, streaming=streaming)
        for outcome, streaming in itertools.product(REJECTIONS, (False, True)):
            self._refused[outcome, streaming].value += 0
        self._tenants.begin(self.tenants())

    def _attempts_on_new(self, deployment: Deployment) -> AttemptCounts:
        labels = (deployment.name, deployment.provider.name, deployment.model.name)
        if labels not in self._attempts and len(self._attempts) >= MAX_NAMES:
            labels = (OTHER, OTHER, OTHER)
        counts = self._attempts.setdefault(labels, AttemptCounts(deployment, labels))
        if labels[0] == deployment.name:
            counts.deployment = deployment
            self._by_name[deployment.name] = counts
        return counts

    def _calls_with_new(self, policy: str, outcome: CallOutcome, *, streaming: bool) -> CallCounts:
        if policy not in self._policies:
            if len(self._policies) >= MAX_NAMES:
                policy = OTHER
            else:
                self._policies.add(policy)
        return self._calls.setdefault((policy, streaming, outcome), CallCounts())

    def _call_families(self) -> Iterator[Metric]:
        ended = metric_families.CALLS.family()
        durations = metric_families.CALL_DURATION.family()
        first_content = metric_families.CALL_TIME_TO_FIRST_CONTENT.family()
        for (policy, streaming, outcome), counts in self._calls.items():
            labels = (policy, _boolean(streaming), outcome.value)
            ended.add_metric(labels, counts.ended)
            _add(durations, labels, counts.durations)
            _add(first_content, labels, counts.first_content)
        refused = metric_families.REFUSED_CALLS.family()
        for (outcome, streaming), counter in self._refused.items():
            refused.add_metric((outcome.value, _boolean(streaming)), counter.value)
        yield from all_calls_families(
            itertools.chain(
                ((key[2], _boolean(key[1]), each.ended) for key, each in self._calls.items()),
                ((key[0], _boolean(key[1]), each.value) for key, each in self._refused.items()),
            )
        )
        degraded = metric_families.DEGRADED_CALLS.family()
        for rung, counter in self._degraded.items():
            degraded.add_metric((rung.value,), counter.value)
        shed = metric_families.SHED_CALLS.family()
        for priority, counter in self._shed.items():
            shed.add_metric((priority.value,), counter.value)
        yield from (degraded, shed)
        unknown = metric_families.UNAUTHENTICATED_CALLS.family()
        for reason, counter in self._unknown_callers.items():
            unknown.add_metric((reason,), counter.value)
        in_flight = metric_families.CALLS_IN_FLIGHT.family()
        in_flight.add_metric((), self.active_calls())
        yield from (ended, refused, unknown, in_flight, durations, first_content)

    def _attempt_families(self) -> Iterator[Metric]:
        ended = metric_families.ATTEMPTS.family()
        running = metric_families.ATTEMPTS_IN_FLIGHT.family()
        durations = metric_families.ATTEMPT_DURATION.family()
        first_content = metric_families.ATTEMPT_TIME_TO_FIRST_CONTENT.family()
        for counts in self._attempts.values():
            running.add_metric(counts.labels, counts.running)
            for (reason, outcome, failure_class), counter in counts.ended.items():
                failed_by = "" if failure_class is None else failure_class.value
                labels = (*counts.labels, reason.value, outcome.value, failed_by)
                ended.add_metric(labels, counter.value)
            for outcome, histogram in counts.durations.items():
                _add(durations, (*counts.labels, outcome.value), histogram)
            _add(first_content, counts.labels, counts.first_content)
        yield from (ended, running, durations, first_content)
        yield from extra_attempt_families(counts.ended for counts in self._attempts.values())

    def _usage_families(self) -> Iterator[Metric]:
        tokens = metric_families.TOKENS.family()
        cached = metric_families.CACHED_INPUT_TOKENS.family()
        reasoning = metric_families.REASONING_TOKENS.family()
        cost = metric_families.COST.family()
        wasted = metric_families.WASTED_COST.family()
        for counts in self._attempts.values():
            tokens.add_metric((*counts.labels, "input"), counts.input_tokens)
            tokens.add_metric((*counts.labels, "output"), counts.output_tokens)
            cached.add_metric(counts.labels, counts.cached_input_tokens)
            reasoning.add_metric(counts.labels, counts.reasoning_tokens)
            cost.add_metric(counts.labels, counts.cost_usd)
            wasted.add_metric(counts.labels, counts.wasted_usd)
        yield from (tokens, cached, reasoning, cost, wasted)


def _configuration_families(status: ReloadStatus | None) -> Iterator[Metric]:
    info = metric_families.CONFIGURATION.family()
    since = metric_families.CONFIGURATION_SINCE.family()
    reloads = metric_families.RELOADS.family()
    refused = metric_families.RELOAD_REFUSED.family()
    restart = metric_families.RESTART_NEEDED.family()
    if status is not None:
        info.add_metric((), {"digest": status.digest})
        since.add_metric((), status.in_force_since)
        reloads.add_metric(("applied",), status.applied)
        reloads.add_metric(("refused",), status.refused)
        refused.add_metric((), status.failed_at is not None)
        restart.add_metric((), bool(status.waiting_for_restart))
    yield from (info, since, reloads, refused, restart)


def _boolean(value: bool) -> str:  # noqa: FBT001 - a label has one value
    return "true" if value else "false"


def _add(
    family: HistogramMetricFamily, labels: tuple[str, ...], histogram: DurationHistogram
) -> None:
    """Add a histogram unless it is empty."""
    buckets = histogram.buckets()
    if buckets[-1][1]:
        family.add_metric(labels, buckets, histogram.total)
