"""Families that tell how reliable the router is, made from counts that exist already.

They are computed when Prometheus scrapes: a call costs nothing more. Every series of a configured
deployment exists from the start at 0, because `rate` and `increase` do not see the first event of
a series that begins with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.core import Metric

from routersvc.domain.fleet.breaker_health import BreakerState
from routersvc.domain.fleet.health import Availability, HealthState
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.telemetry import metric_families
from routersvc.telemetry.instruments import Counter
from routersvc.telemetry.outcomes import CallOutcome

Labels = tuple[str, str, str]
"""Deployment, provider and model."""

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


def extra_attempt_families(attempts: Iterable[tuple[Labels, EndedAttempts]]) -> Iterator[Metric]:
    """Count the attempts after the first by reason, and whether they became the answer."""
    family = metric_families.EXTRA_ATTEMPTS.family()
    for labels, ended in attempts:
        totals = {(reason, result): 0.0 for reason in _EXTRA_REASONS for result in ("won", "lost")}
        for (reason, outcome, _), counter in ended.items():
            if reason is not AttemptReason.FIRST:
                result = "won" if outcome is AttemptOutcome.SERVED else "lost"
                totals[reason, result] += counter.value
        for (reason, result), number in totals.items():
            family.add_metric((*labels, reason.value, result), number)
    yield family


def availability_families(deployments: Iterable[Availability]) -> Iterator[Metric]:
    """Show what keeps calls away from each deployment as of now."""
    states = metric_families.DEPLOYMENT_STATE.family()
    breakers = metric_families.BREAKER_STATE.family()
    disabled = metric_families.DISABLED.family()
    checks = metric_families.CHECK_FAILING.family()
    pauses = metric_families.PAUSE.family()
    queued = metric_families.QUEUED.family()
    limits = metric_families.CONCURRENCY_LIMIT.family()
    headroom = metric_families.RATE_LIMIT_REMAINING.family()
    for each in deployments:
        deployment = each.deployment
        labels = (deployment.name, deployment.provider.name, deployment.model.name)
        for state in HealthState:
            states.add_metric((*labels, state.value), state is each.state)
        breakers.add_metric(labels, BREAKER_STATES[each.breaker])
        disabled.add_metric(labels, each.is_disabled)
        checks.add_metric(labels, each.is_check_failing)
        pauses.add_metric(labels, each.pause)
        queued.add_metric(labels, each.queued)
        if each.concurrency_limit is not None:
            limits.add_metric(labels, each.concurrency_limit)
        if each.headroom is not None:
            if each.headroom.remaining_requests is not None:
                headroom.add_metric((*labels, "requests"), each.headroom.remaining_requests)
            if each.headroom.remaining_tokens is not None:
                headroom.add_metric((*labels, "tokens"), each.headroom.remaining_tokens)
    yield from (states, breakers, disabled, checks, pauses, queued, limits, headroom)
