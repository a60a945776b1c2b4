"""The metrics of the router: name, labels and help text of each, declared once.

`docs/observability.md` lists them in the same words, which a test checks. Label values come from
the configuration and from enums, never from a request.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)

_CALL = ("policy", "streaming", "outcome")
_DEPLOYMENT = ("deployment", "provider", "model")


@dataclasses.dataclass(frozen=True)
class DeclaredMetric:
    """A metric by the name under which Prometheus scrapes it."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    type: ClassVar[str]


class DeclaredCounter(DeclaredMetric):
    """A number that only grows; the name ends in `_total`."""

    type: ClassVar[str] = "counter"

    def family(self) -> CounterMetricFamily:
        """Return the family without samples."""
        return CounterMetricFamily(self.name.removesuffix("_total"), self.help, labels=self.labels)


class DeclaredGauge(DeclaredMetric):
    """A number that goes up and down."""

    type: ClassVar[str] = "gauge"

    def family(self) -> GaugeMetricFamily:
        """Return the family without samples."""
        return GaugeMetricFamily(self.name, self.help, labels=self.labels)


class DeclaredHistogram(DeclaredMetric):
    """A distribution of durations in seconds."""

    type: ClassVar[str] = "histogram"

    def family(self) -> HistogramMetricFamily:
        """Return the family without samples."""
        return HistogramMetricFamily(self.name, self.help, labels=self.labels)


class DeclaredInfo(DeclaredMetric):
    """Constant labels; the name ends in `_info`, the type is a gauge of 1."""

    type: ClassVar[str] = "gauge"

    def family(self) -> InfoMetricFamily:
        """Return the family without samples; the values are those of `labels`."""
        return InfoMetricFamily(self.name.removesuffix("_info"), self.help)


CONFIGURATION = DeclaredInfo(
    "routersvc_configuration_info", "Digest of the configuration in force.", ("digest",)
)
CONFIGURATION_SINCE = DeclaredGauge(
    "routersvc_configuration_in_force_since_seconds",
    "When the configuration came into force, in seconds since the epoch.",
)
RELOADS = DeclaredCounter(
    "routersvc_configuration_reloads_total", "Attempts to reload the settings.", ("result",)
)
RELOAD_REFUSED = DeclaredGauge(
    "routersvc_configuration_reload_refused",
    "1 if the last reload was refused and the settings before it are in force.",
)
RESTART_NEEDED = DeclaredGauge(
    "routersvc_configuration_restart_needed",
    "1 if settings differ that hold from the next restart on.",
)
ALL_CALLS = DeclaredCounter(
    "routersvc_all_calls_total",
    "Calls that have ended, rejected ones included.",
    ("outcome", "streaming"),
)
CALLS = DeclaredCounter(
    "routersvc_calls_total", "Calls that have ended, without rejected ones.", _CALL
)
CALL_DURATION = DeclaredHistogram(
    "routersvc_call_duration_seconds", "Time from the arrival of a call to its end.", _CALL
)
CALL_TIME_TO_FIRST_CONTENT = DeclaredHistogram(
    "routersvc_call_time_to_first_content_seconds",
    "Time from the arrival of a call to the first content of its answer.",
    _CALL,
)
REFUSED_CALLS = DeclaredCounter(
    "routersvc_refused_calls_total",
    "Calls that were rejected before any attempt, unauthenticated ones included.",
    ("outcome", "streaming"),
)
UNAUTHENTICATED_CALLS = DeclaredCounter(
    "routersvc_unauthenticated_calls_total",
    "Calls that were not authenticated, by what was wrong.",
    ("reason",),
)
DEGRADED_CALLS = DeclaredCounter(
    "routersvc_degraded_calls_total", "Calls that a lower rung answered.", ("rung",)
)
SHED_CALLS = DeclaredCounter(
    "routersvc_shed_calls_total",
    "Calls that were rejected because all places of their priority were taken.",
    ("priority",),
)
EVENT_LOOP_LAG = DeclaredHistogram(
    "routersvc_event_loop_lag_seconds",
    "How late the event loop runs what is due, measured ten times a second.",
)
CALLS_IN_FLIGHT = DeclaredGauge("routersvc_calls_in_flight", "Calls that are running.")
ATTEMPTS = DeclaredCounter(
    "routersvc_attempts_total",
    "Attempts that have ended.",
    (*_DEPLOYMENT, "reason", "outcome", "failure_class"),
)
EXTRA_ATTEMPTS = DeclaredCounter(
    "routersvc_extra_attempts_total",
    "Attempts after the first of a call that have ended: `won` if it became the answer, "
    "otherwise `lost`.",
    ("reason", "result"),
)
ATTEMPT_DURATION = DeclaredHistogram(
    "routersvc_attempt_duration_seconds",
    "Time from the start of an attempt to its end.",
    (*_DEPLOYMENT, "outcome"),
)
ATTEMPT_TIME_TO_FIRST_CONTENT = DeclaredHistogram(
    "routersvc_attempt_time_to_first_content_seconds",
    "Time from the start of an attempt to its first content.",
    _DEPLOYMENT,
)
ATTEMPTS_IN_FLIGHT = DeclaredGauge(
    "routersvc_attempts_in_flight", "Attempts that are running.", _DEPLOYMENT
)
DEPLOYMENT_STATE = DeclaredGauge(
    "routersvc_deployment_state",
    "1 for the state that the deployment is in, 0 for the others.",
    (*_DEPLOYMENT, "state"),
)
BREAKER_STATE = DeclaredGauge(
    "routersvc_circuit_breaker_state",
    "State of the circuit breaker: 0 closed, 1 half open, 2 open.",
    _DEPLOYMENT,
)
DISABLED = DeclaredGauge(
    "routersvc_deployment_disabled",
    "1 while the deployment, its credential or its model is disabled.",
    _DEPLOYMENT,
)
CHECK_FAILING = DeclaredGauge(
    "routersvc_health_check_failing", "1 while the last health check has failed.", _DEPLOYMENT
)
PAUSE = DeclaredGauge(
    "routersvc_provider_pause_seconds",
    "Time until calls may be sent again after the provider asked for a pause.",
    _DEPLOYMENT,
)
QUEUED = DeclaredGauge(
    "routersvc_queued_calls", "Calls that wait for a place at the deployment.", _DEPLOYMENT
)
CONCURRENCY_LIMIT = DeclaredGauge(
    "routersvc_concurrency_limit",
    "The most attempts that may run at once; no series without a limit.",
    _DEPLOYMENT,
)
RATE_LIMIT_REMAINING = DeclaredGauge(
    "routersvc_rate_limit_remaining",
    "What is left of a rate limit, of `requests` or `tokens`, as the provider last reported it.",
    (*_DEPLOYMENT, "type"),
)
TOKENS = DeclaredCounter(
    "routersvc_tokens_total",
    "Tokens of all attempts by `type`: `input` includes cached, `output` reasoning tokens.",
    (*_DEPLOYMENT, "type"),
)
CACHED_INPUT_TOKENS = DeclaredCounter(
    "routersvc_cached_input_tokens_total",
    "Input tokens that were read from a provider's prompt cache.",
    _DEPLOYMENT,
)
REASONING_TOKENS = DeclaredCounter(
    "routersvc_reasoning_tokens_total",
    "Output tokens that a model used for reasoning.",
    _DEPLOYMENT,
)
COST = DeclaredCounter(
    "routersvc_cost_usd_total",
    "Cost of all attempts at catalogue prices in US dollars.",
    _DEPLOYMENT,
)
WASTED_COST = DeclaredCounter(
    "routersvc_wasted_cost_usd_total",
    "The part of the cost of attempts that did not become the answer: "
    "hedges that lost, failed and broken attempts.",
    _DEPLOYMENT,
)
TENANT_CALLS = DeclaredCounter(
    "routersvc_tenant_calls_total",
    "Calls of a tenant that have ended, with rejected ones.",
    ("tenant", "outcome"),
)
TENANT_COST = DeclaredCounter(
    "routersvc_tenant_cost_usd_total",
    "Cost of all attempts for a tenant at catalogue prices in US dollars.",
    ("tenant",),
)
TENANT_WASTED_COST = DeclaredCounter(
    "routersvc_tenant_wasted_cost_usd_total",
    "The part of a tenant's cost of attempts that did not become the answer.",
    ("tenant",),
)
LOG_LINES_DROPPED = DeclaredCounter(
    "routersvc_log_lines_dropped_total",
    "Log lines that were dropped because standard error was blocked.",
)
DECISIONS_LOGGED = DeclaredCounter(
    "routersvc_decision_log_records_total",
    "Decisions for the decision log by `result`: `written`, or `dropped` because the queue was "
    "full or the disk refused them.",
    ("result",),
)
BUILD = DeclaredInfo("routersvc_build_info", "The version that is running.", ("version",))

DECLARED: tuple[DeclaredMetric, ...] = (
    CONFIGURATION,
    CONFIGURATION_SINCE,
    RELOADS,
    RELOAD_REFUSED,
    RESTART_NEEDED,
    ALL_CALLS,
    CALLS,
    CALL_DURATION,
    CALL_TIME_TO_FIRST_CONTENT,
    REFUSED_CALLS,
    UNAUTHENTICATED_CALLS,
    DEGRADED_CALLS,
    SHED_CALLS,
    EVENT_LOOP_LAG,
    CALLS_IN_FLIGHT,
    ATTEMPTS,
    EXTRA_ATTEMPTS,
    ATTEMPT_DURATION,
    ATTEMPT_TIME_TO_FIRST_CONTENT,
    ATTEMPTS_IN_FLIGHT,
    DEPLOYMENT_STATE,
    BREAKER_STATE,
    DISABLED,
    CHECK_FAILING,
    PAUSE,
    QUEUED,
    CONCURRENCY_LIMIT,
    RATE_LIMIT_REMAINING,
    TOKENS,
    CACHED_INPUT_TOKENS,
    REASONING_TOKENS,
    COST,
    WASTED_COST,
    TENANT_CALLS,
    TENANT_COST,
    TENANT_WASTED_COST,
    LOG_LINES_DROPPED,
    DECISIONS_LOGGED,
    BUILD,
)
"""All metrics, in the order of the documentation."""
