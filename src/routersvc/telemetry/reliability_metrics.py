"""Families that tell how reliable the router is, made from counts that exist already.

They are computed when Prometheus scrapes: a call costs nothing more. Every series exists
from the start at 0, because `rate` and `increase` do not see the first event of
a series that begins with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from prometheus_client.core import Metric

from routersvc.domain.fleet.breaker_health import BreakerState
from routersvc.domain.fleet.health import Availability, HealthState
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.telemetry import metric_families
from routersvc.telemetry.instruments import Counter
from routersvc.telemetry.outcomes import CallOutcome

EndedAttempts = Mapping[tuple[AttemptReason, AttemptOutcome, FailureClass | None], Counter]
"""How many attempts on one deployment have ended."""

BREAKER_STATES = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}

_EXTRA_REASONS = tuple(reason for reason in AttemptReason if reason is not AttemptReason.FIRST)
_STREAMING = ("false", "true")


def all_calls_families(counts: Iterable[tuple[CallOutcome, str, float]]) -> Iterator[Metric]:
    """Sum outcome, streaming and number over all calls, whether attempted or rejected."""
    totals = {(outcome, streaming): 0.0 for outcome in CallOutcome for streaming in _STREAMING}
    for outcome, streaming, number in counts:
        totals[outcome, streaming] += number
    family = metric_families.ALL_CALLS.family()
    for (outcome, streaming), number in totals.items():
        family.add_metric((outcome.value, streaming), number)
    yield family


def extra_attempt_families(attempts: Iterable[EndedAttempts]) -> Iterator[Metric]:
    """Count the attempts after the first by reason, and whether they became the answer."""
    totals = {(reason, result): 0.0 for reason in _EXTRA_REASONS for result in ("won", "lost")}
    for ended in attempts:
        for (reason, outcome, _), counter in ended.items():
            if reason is not AttemptReason.FIRST:
                result = "won" if outcome is AttemptOutcome.SERVED else "lost"
                totals[reason, result] += counter.value
    family = metric_families.EXTRA_ATTEMPTS.family()
    for (reason, result), number in totals.items():
        family.add_metric((reason.value, result), number)
    yield family


def availability_families(deployments: Sequence[Availability]) -> Iterator[Metric]:
    """Show what keeps calls away from each deployment as of now.

    One family at a time: calls are served between two of them.
    """
    states = metric_families.DEPLOYMENT_STATE.family()
    for each in deployments:
        labels = _labels(each)
        for state in HealthState:
            states.add_metric((*labels, state.value), state is each.state)
    yield states
    for declared, read in _GAUGES:
        family = declared.family()
        for each in deployments:
            value = read(each)
            if value is not None:
                family.add_metric(_labels(each), value)
        yield family
    headroom = metric_families.RATE_LIMIT_REMAINING.family()
    for each in deployments:
        if each.headroom is not None:
            if each.headroom.remaining_requests is not None:
                headroom.add_metric((*_labels(each), "requests"), each.headroom.remaining_requests)
            if each.headroom.remaining_tokens is not None:
                headroom.add_metric((*_labels(each), "tokens"), each.headroom.remaining_tokens)
    yield headroom


_GAUGES: Sequence[tuple[metric_families.DeclaredGauge, Callable[[Availability], float | None]]] = (
    (metric_families.BREAKER_STATE, lambda each: BREAKER_STATES[each.breaker]),
    (metric_families.DISABLED, lambda each: each.is_disabled),
    (metric_families.CHECK_FAILING, lambda each: each.is_check_failing),
    (metric_families.PAUSE, lambda each: each.pause),
    (metric_families.QUEUED, lambda each: each.queued),
    (metric_families.CONCURRENCY_LIMIT, lambda each: each.concurrency_limit),
)


def _labels(each: Availability) -> tuple[str, str, str]:
    deployment = each.deployment
    return (deployment.name, deployment.provider.name, deployment.model.name)
