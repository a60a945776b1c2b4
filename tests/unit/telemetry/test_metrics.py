"""What the router counts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.fleet.breaker_health import BreakerState
from routersvc.domain.fleet.health import Availability, HealthState
from routersvc.domain.outcomes.attempt_reports import AttemptCost, AttemptOutcome, AttemptReport
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.telemetry.metrics import MAX_NAMES, Metrics
from routersvc.telemetry.outcomes import CallOutcome

GLOBEX = {"deployment": "globex-us", "provider": "globex", "model": "huge"}
ACME = {"deployment": "acme-eu", "provider": "acme", "model": "large"}


def _samples(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return what a scrape finds: name and labels to value."""
    registry = CollectorRegistry()
    registry.register(metrics)
    text = generate_latest(registry).decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _sample(metrics: Metrics, name: str, **labels: str) -> float | None:
    return _samples(metrics).get((name, frozenset(labels.items())))


def test_call_is_counted_with_its_times(report: RouteReport) -> None:
    """One call, one count, one entry in each histogram."""
    metrics = Metrics(version="1")

    metrics.call_ended(report, CallOutcome.SERVED, streaming=True)

    labels = {"policy": "default", "streaming": "true", "outcome": "served"}
    assert _sample(metrics, "routersvc_calls_total", **labels) == 1
    assert _sample(metrics, "routersvc_call_duration_seconds_sum", **labels) == 1.531
    buckets = "routersvc_call_duration_seconds_bucket"
    assert _sample(metrics, buckets, le="1.28", **labels) == 0
    assert _sample(metrics, buckets, le="2.56", **labels) == 1
    first_content = "routersvc_call_time_to_first_content_seconds_sum"
    assert _sample(metrics, first_content, **labels) == 0.281


def test_call_without_content_is_not_in_the_histogram_of_first_content(
    report: RouteReport,
) -> None:
    """A call that never had content must not look like a fast one."""
    metrics = Metrics(version="1")
    silent = dataclasses.replace(report, time_to_first_content=None)

    metrics.call_ended(silent, CallOutcome.DEADLINE_EXCEEDED, streaming=False)

    names = {name for name, _ in _samples(metrics)}
    assert "routersvc_calls_total" in names
    assert "routersvc_call_time_to_first_content_seconds_count" not in names


def test_refused_call_is_counted_apart() -> None:
    """A refused call has neither policy nor duration."""
    metrics = Metrics(version="1")

    metrics.call_refused(CallOutcome.DRAINING, streaming=False)

    name = "routersvc_refused_calls_total"
    assert _sample(metrics, name, outcome="draining", streaming="false") == 1


def test_attempts_are_counted_by_reason_outcome_and_failure_class(
    failed: AttemptReport, served: AttemptReport
) -> None:
    """A failover shows as two attempts that tell what happened."""
    metrics = Metrics(version="1")

    for attempt in (failed, served):
        counts = metrics.attempts_on(attempt.deployment)
        counts.running += 1
        counts.attempt_ended(attempt)

    first = {"reason": "first", "outcome": "failed", "failure_class": "rate_limited"}
    second = {"reason": "failover", "outcome": "served", "failure_class": ""}
    assert _sample(metrics, "routersvc_attempts_total", **ACME, **first) == 1
    assert _sample(metrics, "routersvc_attempts_total", **GLOBEX, **second) == 1
    durations = "routersvc_attempt_duration_seconds_sum"
    assert _sample(metrics, durations, **ACME, outcome="failed") == 0.03
    assert _sample(metrics, durations, **GLOBEX, outcome="served") == 1.5


def test_tokens_and_cost_are_summed(served: AttemptReport) -> None:
    """Wasted cost is a part of the cost, cached tokens a part of the input."""
    metrics = Metrics(version="1")
    lost = dataclasses.replace(
        served, outcome=AttemptOutcome.LOST, cost=AttemptCost(usd=0.5, wasted_usd=0.5)
    )

    for attempt in (served, lost):
        metrics.attempts_on(attempt.deployment).attempt_ended(attempt)

    assert _sample(metrics, "routersvc_tokens_total", **GLOBEX, type="input") == 200
    assert _sample(metrics, "routersvc_tokens_total", **GLOBEX, type="output") == 80
    assert _sample(metrics, "routersvc_cached_input_tokens_total", **GLOBEX) == 128
    assert _sample(metrics, "routersvc_reasoning_tokens_total", **GLOBEX) == 16
    assert _sample(metrics, "routersvc_cost_usd_total", **GLOBEX) == 0.5125
    assert _sample(metrics, "routersvc_wasted_cost_usd_total", **GLOBEX) == 0.5


def test_what_is_under_way_goes_up_and_down(served: AttemptReport) -> None:
    """A gauge that does not return to zero looks like a leak."""
    metrics = Metrics(version="1")
    metrics.active_calls = lambda: 3
    name = "routersvc_attempts_in_flight"

    counts = metrics.attempts_on(served.deployment)
    counts.running += 1
    during = _sample(metrics, name, **GLOBEX)
    counts.attempt_ended(served)

    assert (during, _sample(metrics, name, **GLOBEX)) == (1, 0)
    assert _sample(metrics, "routersvc_calls_in_flight") == 3


def test_reloaded_deployment_keeps_its_counts(
    make_deployment: Callable[..., Deployment],
) -> None:
    """The same name with the same model is the same series after a reload."""
    metrics = Metrics(version="1")

    before = metrics.attempts_on(make_deployment("acme-eu"))
    after = metrics.attempts_on(make_deployment("acme-eu"))

    assert after is before


def test_deployment_that_changed_its_model_is_another_series(
    make_deployment: Callable[..., Deployment],
) -> None:
    """Tokens of a new model must not be booked on the old one."""
    metrics = Metrics(version="1")

    before = metrics.attempts_on(make_deployment("acme-eu"))
    after = metrics.attempts_on(make_deployment("acme-eu", model="small"))

    assert (before.labels[2], after.labels[2]) == ("large", "small")


def test_names_beyond_the_bound_are_counted_as_other(
    make_deployment: Callable[..., Deployment], report: RouteReport
) -> None:
    """Endless reloads with new names must not grow memory, here or in Prometheus."""
    metrics = Metrics(version="1")

    for number in range(MAX_NAMES + 5):
        metrics.attempts_on(make_deployment(f"d{number}")).running += 1
        named = dataclasses.replace(report, policy=f"p{number}")
        metrics.call_ended(named, CallOutcome.SERVED, streaming=False)

    samples = _samples(metrics)
    labels = {"deployment": "other", "provider": "other", "model": "other"}
    assert samples["routersvc_attempts_in_flight", frozenset(labels.items())] == 5
    calls = {"policy": "other", "streaming": "false", "outcome": "served"}
    assert samples["routersvc_calls_total", frozenset(calls.items())] == 5
    assert sum(name == "routersvc_calls_total" for name, _ in samples) == MAX_NAMES + 1


def test_names_obey_the_conventions(report: RouteReport, served: AttemptReport) -> None:
    """Counters end in `_total`, times in `_seconds`, and everything begins alike."""
    metrics = Metrics(version="1")
    metrics.call_ended(report, CallOutcome.SERVED, streaming=True)
    metrics.attempts_on(served.deployment).attempt_ended(served)

    families = list(metrics.collect())

    assert all(family.name.startswith("routersvc_") for family in families)
    assert all(family.documentation.endswith(".") for family in families)
    assert all(
        family.name.endswith("_seconds") for family in families if family.type == "histogram"
    )


def test_calls_and_cost_are_counted_by_tenant(report: RouteReport) -> None:
    """Refused calls are counted too; calls without a tenant have no series."""
    metrics = Metrics(version="1")

    metrics.call_ended(report, CallOutcome.SERVED, streaming=True)
    metrics.call_ended(dataclasses.replace(report, tenant=""), CallOutcome.SERVED, streaming=True)
    metrics.call_refused(CallOutcome.TENANT_BUDGET_EXHAUSTED, streaming=True, tenant="shop")
    metrics.call_refused(CallOutcome.UNAUTHENTICATED, streaming=True, tenant="nobody knows")

    found = {
        (name, tuple(sorted(dict(labels).items()))): value
        for (name, labels), value in _samples(metrics).items()
        if name.startswith("routersvc_tenant_")
    }
    assert found == {
        (
            "routersvc_tenant_calls_total",
            (("outcome", "served"), ("tenant", "shop")),
        ): 1,
        (
            "routersvc_tenant_calls_total",
            (("outcome", "tenant_budget_exhausted"), ("tenant", "shop")),
        ): 1,
        ("routersvc_tenant_cost_usd_total", (("tenant", "shop"),)): 0.0125,
        ("routersvc_tenant_wasted_cost_usd_total", (("tenant", "shop"),)): 0,
    }


def test_tenants_beyond_the_limit_are_counted_together(report: RouteReport) -> None:
    """However many there are, memory and the scrape stay bounded."""
    metrics = Metrics(version="1")

    for number in range(MAX_NAMES + 50):
        of_one = dataclasses.replace(report, tenant=f"t{number}")
        metrics.call_ended(of_one, CallOutcome.SERVED, streaming=True)

    name = "routersvc_tenant_calls_total"
    assert _sample(metrics, name, tenant="other", outcome="served") == 50
    assert sum(found == name for found, _ in _samples(metrics)) == MAX_NAMES + 1


def test_what_keeps_calls_away_is_told(served: AttemptReport) -> None:
    """As of the scrape."""
    metrics = Metrics(version="1")
    each = Availability(
        deployment=served.deployment,
        state=HealthState.DISABLED,
        breaker=BreakerState.CLOSED,
        is_disabled=True,
        is_check_failing=False,
        pause=2.5,
    )
    states = (BreakerState.CLOSED, BreakerState.HALF_OPEN, BreakerState.OPEN)
    told = [[dataclasses.replace(each, breaker=state)] for state in states]
    scrapes = iter(told)
    metrics.availability = lambda: next(scrapes)

    values = [_sample(metrics, "routersvc_circuit_breaker_state", **GLOBEX) for _ in states]

    metrics.availability = lambda: [each]
    assert values == [0, 1, 2]
    assert _sample(metrics, "routersvc_deployment_disabled", **GLOBEX) == 1
    assert _sample(metrics, "routersvc_health_check_failing", **GLOBEX) == 0
    assert _sample(metrics, "routersvc_provider_pause_seconds", **GLOBEX) == 2.5
