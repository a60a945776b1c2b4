"""Families that are made from counts when Prometheus scrapes."""

from __future__ import annotations

import dataclasses

from prometheus_client.core import Metric

from routersvc.domain.catalogue.policies import Priority
from routersvc.domain.conversation.rate_limit_headroom import RateLimitHeadroom
from routersvc.domain.fleet.breaker_health import BreakerState
from routersvc.domain.fleet.health import Availability, HealthState
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason, AttemptReport
from routersvc.domain.outcomes.degradations import Degradation, DegradationRung
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.telemetry.metrics import Metrics
from routersvc.telemetry.outcomes import CallOutcome


def _values(metrics: Metrics, name: str, *labels: str) -> dict[tuple[str, ...], float]:
    """Return the samples of one family by the values of `labels`."""
    families: dict[str, Metric] = {family.name: family for family in metrics.collect()}
    return {
        tuple(sample.labels[label] for label in labels): sample.value
        for sample in families[name].samples
    }


def _available(attempt: AttemptReport) -> Availability:
    return Availability(
        deployment=attempt.deployment,
        state=HealthState.DEGRADED,
        breaker=BreakerState.CLOSED,
        is_disabled=False,
        is_check_failing=False,
        pause=0.0,
    )


def test_series_of_the_settings_exist_before_the_first_call(served: AttemptReport) -> None:
    """`increase` does not see the first event of a series that begins with it."""
    metrics = Metrics(version="1")
    metrics.availability = lambda: [_available(served)]
    metrics.policies = lambda: ["default", "cheap"]
    metrics.tenants = lambda: ["shop"]

    all_calls = _values(metrics, "routersvc_all_calls", "outcome", "streaming")
    calls = _values(metrics, "routersvc_calls", "policy", "streaming", "outcome")
    attempts = _values(metrics, "routersvc_attempts", "deployment", "reason", "outcome")
    extra = _values(metrics, "routersvc_extra_attempts", "reason", "result")

    assert all_calls == {
        (outcome.value, streaming): 0 for outcome in CallOutcome for streaming in ("true", "false")
    }
    assert calls == {
        (policy, streaming, "served"): 0
        for policy in ("default", "cheap")
        for streaming in ("true", "false")
    }
    assert attempts == {("globex-us", "first", "served"): 0}
    assert extra == {
        (reason.value, result): 0
        for reason in AttemptReason
        if reason is not AttemptReason.FIRST
        for result in ("won", "lost")
    }
    assert _values(metrics, "routersvc_tenant_calls", "tenant", "outcome") == {
        ("shop", "served"): 0
    }
    assert _values(metrics, "routersvc_cost_usd", "deployment") == {("globex-us",): 0}


def test_scrapes_change_no_count(report: RouteReport) -> None:
    """A scrape makes series exist, and leaves those with counts alone."""
    metrics = Metrics(version="1")
    metrics.policies = lambda: ["default"]
    metrics.tenants = lambda: ["shop"]
    metrics.call_ended(report, CallOutcome.SERVED, streaming=True)

    first, second = (
        _values(metrics, "routersvc_calls", "policy", "streaming", "outcome") for _ in range(2)
    )

    assert first == second
    assert first["default", "true", "served"] == 1
    assert _values(metrics, "routersvc_tenant_calls", "tenant")["shop",] == 1


def test_all_calls_include_rejected_ones(report: RouteReport) -> None:
    """One metric answers how many calls there were, over policies and rejections."""
    metrics = Metrics(version="1")

    metrics.call_ended(report, CallOutcome.SERVED, streaming=True)
    other = dataclasses.replace(report, policy="cheap")
    metrics.call_ended(other, CallOutcome.SERVED, streaming=True)
    metrics.call_refused(CallOutcome.DRAINING, streaming=False)

    counted = _values(metrics, "routersvc_all_calls", "outcome", "streaming")
    assert {key: value for key, value in counted.items() if value} == {
        ("served", "true"): 2,
        ("draining", "false"): 1,
    }


def test_extra_attempts_are_won_or_lost(served: AttemptReport) -> None:
    """Hedges, rescues and recoveries by what became of them; first attempts are none of them."""
    metrics = Metrics(version="1")
    ended = (
        (AttemptReason.HEDGE, AttemptOutcome.SERVED),
        (AttemptReason.HEDGE, AttemptOutcome.LOST),
        (AttemptReason.HEDGE, AttemptOutcome.CANCELLED),
        (AttemptReason.RESCUE, AttemptOutcome.SERVED),
        (AttemptReason.RECOVERY, AttemptOutcome.BROKEN),
        (AttemptReason.FIRST, AttemptOutcome.LOST),
    )

    for reason, outcome in ended:
        attempt = dataclasses.replace(served, reason=reason, outcome=outcome)
        metrics.attempts_on(attempt.deployment).attempt_ended(attempt)

    counted = _values(metrics, "routersvc_extra_attempts", "reason", "result")
    assert {key: value for key, value in counted.items() if value} == {
        ("hedge", "won"): 1,
        ("hedge", "lost"): 2,
        ("rescue", "won"): 1,
        ("recovery", "lost"): 1,
    }


def test_degraded_and_shed_calls_are_counted(report: RouteReport) -> None:
    """Both begin at 0 for every rung and priority."""
    metrics = Metrics(version="1")
    degraded = Degradation(rung=DegradationRung.LOWER_TIER, description="smaller model")

    metrics.call_ended(
        dataclasses.replace(report, degradation=degraded), CallOutcome.SERVED, streaming=True
    )
    metrics.call_shed(Priority.LOW)

    assert _values(metrics, "routersvc_degraded_calls", "rung") == {
        ("lower_tier",): 1,
        ("cached",): 0,
    }
    assert _values(metrics, "routersvc_shed_calls", "priority") == {
        ("low",): 1,
        ("normal",): 0,
        ("high",): 0,
    }


def test_state_and_limits_of_deployments_are_gauges(served: AttemptReport) -> None:
    """One of the states is 1; a limit that does not exist has no series."""
    metrics = Metrics(version="1")
    limited = dataclasses.replace(
        _available(served),
        queued=3,
        concurrency_limit=8,
        headroom=RateLimitHeadroom(remaining_tokens=9000),
    )
    metrics.availability = lambda: [limited]

    states = _values(metrics, "routersvc_deployment_state", "state")

    assert {state for (state,), value in states.items() if value == 1} == {"degraded"}
    assert len(states) == len(HealthState)
    assert _values(metrics, "routersvc_queued_calls") == {(): 3}
    assert _values(metrics, "routersvc_concurrency_limit") == {(): 8}
    assert _values(metrics, "routersvc_rate_limit_remaining", "type") == {("tokens",): 9000}

    metrics.availability = lambda: [_available(served)]
    assert _values(metrics, "routersvc_concurrency_limit") == {}
    assert _values(metrics, "routersvc_rate_limit_remaining", "type") == {}
