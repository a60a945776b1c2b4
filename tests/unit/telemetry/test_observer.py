"""What the engine's calls and attempts become: spans, headers for the providers, log lines."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler
from opentelemetry.trace import SpanKind, StatusCode, TraceFlags

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.fleet.state_changes import ChangeKind, StateChange
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason, AttemptReport
from routersvc.domain.outcomes.errors import (
    DrainingError,
    FieldViolation,
    InvalidRequestError,
    UnknownTenantError,
)
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.telemetry.call_lines import CallLine
from routersvc.telemetry.metrics import Metrics
from routersvc.telemetry.observer import TelemetryObserver
from routersvc.telemetry.outcomes import CallOutcome

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"
NOW = 1_700_000_000.0


class Bench:
    """An observer, and what came out of it."""

    def __init__(self, *, sampler: Sampler | None, propagate: bool = True) -> None:
        self.exporter = InMemorySpanExporter()
        self.lines: list[CallLine] = []
        self.tracer: trace.Tracer | None = None
        if sampler is not None:
            self.provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
            self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
            self.tracer = self.provider.get_tracer("test")
        self.metrics = Metrics(version="1")
        self.observer = TelemetryObserver(
            metrics=self.metrics,
            tracer=self.tracer,
            propagate=propagate,
            write_line=self.lines.append,
            wall_clock=lambda: NOW,
        )

    def attempt(self, request: Request, attempt: AttemptReport) -> dict[str, str]:
        """Let an attempt start and end; returns what it would have sent to the provider."""
        observation = self.observer.attempt_started(
            request=request,
            deployment=attempt.deployment,
            number=attempt.number,
            reason=attempt.reason,
        )
        observation.ended(attempt)
        return dict(observation.headers)

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        """The spans that have ended, in that order."""
        return self.exporter.get_finished_spans()


@pytest.fixture(autouse=True)
def level() -> Iterator[None]:
    """Let every line through."""
    logger = logging.getLogger("routersvc")
    before = logger.level
    logger.setLevel(logging.INFO)
    yield
    logger.setLevel(before)


def test_attempt_has_a_span_below_the_call(request_: Request, served: AttemptReport) -> None:
    """The names are those of the GenAI conventions, so that any backend understands them."""
    bench = Bench(sampler=ALWAYS_ON)
    assert bench.tracer is not None

    with bench.tracer.start_as_current_span("call") as call:
        bench.attempt(request_, served)

    span = bench.spans[0]
    assert (span.name, span.kind) == ("chat huge-2026-01", SpanKind.CLIENT)
    assert span.parent == call.get_span_context()
    assert span.status.status_code is StatusCode.UNSET
    assert dict(span.attributes or {}) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "globex",
        "gen_ai.request.model": "huge-2026-01",
        "gen_ai.request.stream": True,
        "gen_ai.response.time_to_first_chunk": 0.25,
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 40,
        "gen_ai.usage.cache_read.input_tokens": 64,
        "gen_ai.usage.reasoning.output_tokens": 8,
        "routersvc.attempt.number": 2,
        "routersvc.attempt.outcome": "served",
        "routersvc.attempt.reason": "failover",
        "routersvc.cost_usd": 0.0125,
        "routersvc.deployment": "globex-us",
        "routersvc.model": "huge",
        "routersvc.region": "eu",
        "routersvc.wasted_usd": 0.0,
        "routersvc.wire_format": "openai",
    }


def test_failed_attempt_says_how_it_failed(request_: Request, failed: AttemptReport) -> None:
    """`error.type` is the failure class, never a bare status code."""
    bench = Bench(sampler=ALWAYS_ON)
    assert bench.tracer is not None

    with bench.tracer.start_as_current_span("call"):
        bench.attempt(request_, failed)

    span = bench.spans[0]
    assert (span.attributes or {})["error.type"] == "rate_limited"
    assert (span.attributes or {})["http.response.status_code"] == 429
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "the provider's rate limit is reached"


@pytest.mark.parametrize("outcome", [AttemptOutcome.LOST, AttemptOutcome.CANCELLED])
def test_loser_is_no_error(
    request_: Request, served: AttemptReport, outcome: AttemptOutcome
) -> None:
    """A cancelled loser did nothing wrong."""
    bench = Bench(sampler=ALWAYS_ON)
    assert bench.tracer is not None

    with bench.tracer.start_as_current_span("call"):
        bench.attempt(request_, dataclasses.replace(served, outcome=outcome))

    assert bench.spans[0].status.status_code is StatusCode.UNSET


def test_recorded_attempt_is_the_parent_of_what_the_provider_does(
    request_: Request, served: AttemptReport
) -> None:
    """A self-hosted server's spans hang below the attempt, not below the caller."""
    bench = Bench(sampler=ALWAYS_ON)
    assert bench.tracer is not None
    request = dataclasses.replace(request_, trace_headers={"traceparent": PARENT})

    with bench.tracer.start_as_current_span("call"):
        headers = bench.attempt(request, served)

    context = bench.spans[0].get_span_context()
    assert context is not None
    # Besides the sampled bit, level 2 of the recommendation has one for random trace ids.
    assert headers == {"traceparent": f"00-{context.trace_id:032x}-{context.span_id:016x}-03"}


def test_call_that_is_not_sampled_makes_no_span_but_says_so(
    request_: Request, served: AttemptReport
) -> None:
    """The provider's own sampler must not decide anew for a trace that was not taken."""
    bench = Bench(sampler=ALWAYS_OFF)
    assert bench.tracer is not None

    with bench.tracer.start_as_current_span("call") as call:
        headers = bench.attempt(request_, served)

    context = call.get_span_context()
    assert not context.trace_flags & TraceFlags.SAMPLED
    assert headers == {"traceparent": f"00-{context.trace_id:032x}-{context.span_id:016x}-02"}
    assert bench.spans == ()


def test_caller_s_context_passes_when_nothing_is_traced_here(
    request_: Request, served: AttemptReport
) -> None:
    """The two ends of a trace hang together although the middle is dark."""
    bench = Bench(sampler=None)
    context = {"traceparent": PARENT, "tracestate": "a=1"}

    headers = bench.attempt(dataclasses.replace(request_, trace_headers=context), served)

    assert headers == context


@pytest.mark.parametrize("sampler", [None, ALWAYS_ON])
def test_nothing_goes_out_where_propagation_is_off(
    request_: Request, served: AttemptReport, sampler: Sampler | None
) -> None:
    """An operator may not want providers to correlate calls."""
    bench = Bench(sampler=sampler, propagate=False)
    tracer = bench.tracer or trace.NoOpTracer()
    request = dataclasses.replace(request_, trace_headers={"traceparent": PARENT})

    with tracer.start_as_current_span("call"):
        headers = bench.attempt(request, served)

    assert headers == {}


def test_call_s_span_is_told_what_served_it(request_: Request, report: RouteReport) -> None:
    """The span of the call alone has model, decision and cost."""
    bench = Bench(sampler=ALWAYS_ON)
    assert bench.tracer is not None

    with bench.tracer.start_as_current_span("call"):
        bench.observer.call_ended(request=request_, report=report, error=None)

    assert dict(bench.spans[0].attributes or {}) == {
        "gen_ai.response.id": "r-1",
        "gen_ai.response.model": "huge-2026-01-15",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 40,
        "gen_ai.usage.cache_read.input_tokens": 64,
        "gen_ai.usage.reasoning.output_tokens": 8,
        "routersvc.attempts": 2,
        "routersvc.cost_usd": 0.0125,
        "routersvc.decision_id": "d" * 32,
        "routersvc.deployment": "globex-us",
        "routersvc.hedged": False,
        "routersvc.outcome": "served",
        "routersvc.policy": "default",
        "routersvc.recovered": False,
        "routersvc.tenant": "shop",
        "routersvc.wasted_usd": 0.0,
    }


def test_line_carries_the_trace_of_the_call(request_: Request, report: RouteReport) -> None:
    """From the line of a slow call to its trace is one search."""
    bench = Bench(sampler=ALWAYS_ON)
    assert bench.tracer is not None

    with bench.tracer.start_as_current_span("call") as call:
        bench.observer.call_ended(request=request_, report=report, error=None)

    assert bench.lines == [
        CallLine(
            created=NOW,
            outcome=CallOutcome.SERVED,
            request_id="request-1",
            tenant="shop",
            streaming=True,
            trace_id=f"{call.get_span_context().trace_id:032x}",
            report=report,
            error="",
        )
    ]


def test_line_carries_the_caller_s_trace_when_nothing_is_traced_here(
    request_: Request, report: RouteReport
) -> None:
    """The caller knows its trace id, and asks with it."""
    bench = Bench(sampler=None)
    request = dataclasses.replace(request_, trace_headers={"traceparent": PARENT})

    bench.observer.call_ended(request=request, report=report, error=None)

    assert bench.lines[0].trace_id == TRACE_ID


def test_refused_call_has_a_line_of_its_own(request_: Request) -> None:
    """A refusal is visible without a report."""
    bench = Bench(sampler=None)

    bench.observer.call_refused(request=request_, error=DrainingError())

    line = bench.lines[0]
    assert (line.outcome, line.report) == (CallOutcome.DRAINING, None)
    assert line.error == "the router is shutting down"


def test_message_of_a_defect_is_not_in_the_line(request_: Request, report: RouteReport) -> None:
    """An unexpected exception may quote the prompt it failed on."""
    bench = Bench(sampler=None)

    bench.observer.call_ended(request=request_, report=report, error=ValueError("Hello"))

    assert (bench.lines[0].outcome, bench.lines[0].error) == (CallOutcome.INTERNAL, "")


@pytest.mark.parametrize(
    ("level", "outcomes"),
    [
        ("INFO", [CallOutcome.SERVED, CallOutcome.INTERNAL]),
        ("WARNING", [CallOutcome.INTERNAL]),
        ("ERROR", []),
    ],
)
def test_level_chooses_the_lines(
    request_: Request, report: RouteReport, level: str, outcomes: list[CallOutcome]
) -> None:
    """The level `error` still logs defects of the service."""
    bench = Bench(sampler=None)
    logging.getLogger("routersvc").setLevel(level)

    for error in (None, ValueError()):
        bench.observer.call_ended(request=request_, report=report, error=error)

    assert [line.outcome for line in bench.lines] == outcomes


@pytest.mark.parametrize("failure_class", FailureClass)
@pytest.mark.parametrize("outcome", AttemptOutcome)
@pytest.mark.parametrize("reason", [AttemptReason.FIRST, AttemptReason.RECOVERY])
def test_nothing_that_can_happen_to_an_attempt_raises(
    request_: Request,
    failed: AttemptReport,
    failure_class: FailureClass,
    outcome: AttemptOutcome,
    reason: AttemptReason,
) -> None:
    """A defect of telemetry must not fail a call."""
    bench = Bench(sampler=ALWAYS_ON)
    assert bench.tracer is not None
    assert failed.failure is not None
    failure = dataclasses.replace(failed.failure, failure_class=failure_class)
    attempt = dataclasses.replace(failed, failure=failure, outcome=outcome, reason=reason)

    with bench.tracer.start_as_current_span("call"):
        bench.attempt(request_, attempt)

    assert len(bench.spans) == 2


def test_deployment_without_region_has_no_region(
    request_: Request, served: AttemptReport, make_deployment: Callable[..., Deployment]
) -> None:
    """What is not contracted is not claimed."""
    bench = Bench(sampler=ALWAYS_ON)
    assert bench.tracer is not None
    nowhere = make_deployment("nowhere")
    deployment = dataclasses.replace(
        nowhere, compliance=dataclasses.replace(nowhere.compliance, region=None)
    )

    with bench.tracer.start_as_current_span("call"):
        bench.attempt(request_, dataclasses.replace(served, deployment=deployment))

    assert "routersvc.region" not in (bench.spans[0].attributes or {})


def test_call_that_is_turned_away_is_counted_without_a_line() -> None:
    """Unauthenticated calls are counted in metrics and do not fill the log."""
    bench = Bench(sampler=None)

    bench.observer.call_turned_away(UnknownTenantError(doubt="expired"), streaming=True)

    families = {family.name: family for family in bench.metrics.collect()}
    (sample,) = (each for each in families["routersvc_refused_calls"].samples if each.value)
    assert (sample.labels, sample.value) == (
        {"outcome": "unauthenticated", "streaming": "true"},
        1,
    )
    (sample,) = families["routersvc_unauthenticated_calls"].samples
    assert (sample.labels, sample.value) == ({"reason": "expired"}, 1)
    assert bench.lines == []


def test_request_beyond_a_limit_is_counted_for_its_tenant_without_a_line() -> None:
    """Whoever sends many of them fills no log."""
    bench = Bench(sampler=None)
    error = InvalidRequestError([FieldViolation(field="prompt.tools", description="too many")])

    bench.observer.call_unreadable(error, streaming=False, tenant="t")

    families = {family.name: family for family in bench.metrics.collect()}
    (sample,) = (each for each in families["routersvc_refused_calls"].samples if each.value)
    assert sample.labels == {"outcome": "invalid_request", "streaming": "false"}
    assert bench.lines == []


@pytest.mark.parametrize(
    ("change", "severity", "fields"),
    [
        (
            StateChange(
                kind=ChangeKind.BREAKER_OPENED, provider="p", deployment="d", reason="status 500"
            ),
            logging.WARNING,
            {"deployment": "d", "provider": "p", "reason": "status 500"},
        ),
        (
            StateChange(kind=ChangeKind.CREDENTIAL_ENABLED, provider="p", credential="main"),
            logging.INFO,
            {"provider": "p", "credential": "main"},
        ),
    ],
)
def test_changes_of_the_fleet_are_logged(
    change: StateChange, severity: int, fields: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """In fixed words, as a warning where fewer calls can be served than before."""
    Bench(sampler=None).observer.state_changed(change)

    (record,) = caplog.records
    assert (record.name, record.levelno) == ("routersvc.fleet", severity)
    assert record.getMessage() == change.kind.value
    assert vars(record)["fields"] == fields
