"""Prompts, answers and secrets never appear in logs, metrics or spans."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import logging
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry, generate_latest

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.policies import Priority
from routersvc.domain.catalogue.providers import Provider
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import (
    AudioPart,
    FilePart,
    ImagePart,
    Part,
    RefusalPart,
    TextPart,
    ThoughtPart,
    ToolCall,
    ToolResult,
)
from routersvc.domain.conversation.prompts import Prompt, Sampling, WireExtension
from routersvc.domain.conversation.response_formats import JsonSchemaFormat
from routersvc.domain.conversation.tools import FunctionTool
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason, AttemptReport
from routersvc.domain.outcomes.errors import (
    AttemptsFailedError,
    FieldNotServedError,
    InvalidRequestError,
    OverloadedError,
    RefusedError,
)
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.domain.planning.planning_errors import NoEligibleDeploymentError
from routersvc.telemetry.logs import log_loop_exception, open_logs
from routersvc.telemetry.metrics import Metrics
from routersvc.telemetry.observer import TelemetryObserver
from routersvc.telemetry.options import LogFormat, LogLevel, LogOptions

MARKER = "SECRET-MARKER-7f3a"

DEPLOYMENT = Deployment(
    name="acme-eu",
    provider=Provider(name="acme", wire_format="openai"),
    model=Model(name="large", context_window=8192),
    wire_model="large-1",
    credential="acme-key",
)

NO_HEADERS: dict[str, str] = {}


@st.composite
def marked_texts(draw: st.DrawFn) -> str:
    """Return texts that hold the marker somewhere."""
    return draw(st.text(max_size=5)) + MARKER + draw(st.text(max_size=5))


def parts() -> st.SearchStrategy[Part]:
    """Return parts of messages, each marked wherever it can hold what was said."""
    texts = marked_texts()
    data = texts.map(lambda text: text.encode("utf-8", "surrogatepass"))
    return st.one_of(
        st.builds(TextPart, text=texts),
        st.builds(RefusalPart, text=texts),
        st.builds(ThoughtPart, text=texts, signature=data, encrypted=data),
        st.builds(ImagePart, url=texts),
        st.builds(ImagePart, data=data),
        st.builds(AudioPart, data=data, media_type=st.just("audio/wav"), transcript=texts),
        st.builds(FilePart, url=texts, name=texts),
        st.builds(ToolCall, call_id=st.just("c"), name=st.just("t"), arguments_json=texts),
        st.builds(
            ToolResult, call_id=st.just("c"), parts=st.tuples(st.builds(TextPart, text=texts))
        ),
    )


def requests() -> st.SearchStrategy[Request]:
    """Return requests in which everything that a caller says is marked."""
    texts = marked_texts()
    return st.builds(
        Request,
        request_id=st.just("request-1"),
        prompt=st.builds(
            Prompt,
            messages=st.lists(
                st.builds(
                    Message,
                    role=st.sampled_from(Role),
                    parts=st.lists(parts(), min_size=1, max_size=3).map(tuple),
                ),
                min_size=1,
                max_size=3,
            ).map(tuple),
            tools=st.tuples(
                st.builds(
                    FunctionTool,
                    name=st.just("t"),
                    description=texts,
                    parameters_json_schema=texts,
                )
            ),
            response_format=st.builds(JsonSchemaFormat, name=st.just("s"), json_schema=texts),
            sampling=st.builds(Sampling, stop_sequences=st.tuples(texts)),
            predicted_output=texts,
            end_user_id=texts,
            prompt_cache_key=texts,
            wire_extensions=st.tuples(
                st.builds(WireExtension, wire_format=st.just("openai"), fields_json=texts)
            ),
        ),
        routing=st.builds(Routing, labels=st.dictionaries(texts, texts, max_size=2)),
        streaming=st.booleans(),
        timeout=st.just(30.0),
        tenant=st.just("shop"),
        trace_headers=st.one_of(
            st.just(NO_HEADERS), st.fixed_dictionaries({"traceparent": texts, "tracestate": texts})
        ),
    )


FAILURES = st.builds(
    Failure,
    failure_class=st.sampled_from(FailureClass),
    message=st.just("the provider failed"),
    http_status=st.one_of(st.none(), st.integers(100, 599)),
)

REFUSALS: st.SearchStrategy[RefusedError] = st.sampled_from(
    [
        InvalidRequestError([]),
        FieldNotServedError("prompt.audio_output"),
        NoEligibleDeploymentError([]),
        OverloadedError(priority=Priority.LOW, places=3, retry_after=1.0),
    ]
)

FOREIGN_ERRORS: Sequence[type[Exception]] = (ValueError, KeyError, RuntimeError, UnicodeError)


def _report(failure: Failure, outcome: AttemptOutcome) -> RouteReport:
    attempt = AttemptReport(
        number=1,
        deployment=DEPLOYMENT,
        reason=AttemptReason.FIRST,
        outcome=outcome,
        caused_by=0,
        start_delay=0.0,
        failure=failure,
        duration=0.5,
    )
    return RouteReport(
        decision_id="d" * 32,
        policy="default",
        tenant="shop",
        received_at=1_700_000_000.0,
        planning_duration=0.0001,
        attempts=(attempt,),
        duration=0.5,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outlets:
    """Everything that leaves by telemetry, as text."""

    logs: str
    metrics: str
    spans: str


def _everything(
    request: Request,
    *,
    failure: Failure,
    outcome: AttemptOutcome,
    refusal: RefusedError,
    foreign: Exception,
    log_format: LogFormat,
) -> Outlets:
    """Let a request end in every way, and return what left."""
    stream = io.StringIO()
    loop = asyncio.new_event_loop()
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    metrics = Metrics(version="1")
    with open_logs(LogOptions(format=log_format, level=LogLevel.DEBUG), stream) as writer:
        for spans in (tracer, None):
            observer = TelemetryObserver(
                metrics=metrics,
                tracer=spans,
                propagate=True,
                write_line=writer.write_line,
                wall_clock=lambda: 1_700_000_000.0,
            )
            with tracer.start_as_current_span("call"):
                report = _report(failure, outcome)
                attempt = report.attempts[0]
                observer.attempt_started(
                    request=request, deployment=DEPLOYMENT, number=1, reason=attempt.reason
                ).ended(attempt)
                failed = AttemptsFailedError(
                    report=report,
                    failure=failure,
                    retry_after=None,
                )
                for error in (None, failed, foreign, asyncio.CancelledError(MARKER)):
                    observer.call_ended(request=request, report=report, error=error)
                observer.call_refused(request=request, error=refusal)
                logging.getLogger("routersvc.x").error("a defect", exc_info=foreign)
                log_loop_exception(loop, {"message": "m", "exception": foreign})
    loop.close()
    registry = CollectorRegistry()
    registry.register(metrics)
    return Outlets(
        logs=stream.getvalue(),
        metrics=generate_latest(registry).decode(),
        spans="".join(span.to_json() for span in exporter.get_finished_spans()),
    )


@given(
    request=requests(),
    failure=FAILURES,
    outcome=st.sampled_from(AttemptOutcome),
    refusal=REFUSALS,
    foreign=st.sampled_from(FOREIGN_ERRORS),
    log_format=st.sampled_from(LogFormat),
)
def test_nothing_that_was_said_leaves_by_telemetry(
    request: Request,
    failure: Failure,
    outcome: AttemptOutcome,
    refusal: RefusedError,
    foreign: type[Exception],
    log_format: LogFormat,
) -> None:
    """However a call ends, and even where an unexpected exception quotes the prompt."""
    error = foreign(MARKER)

    outlets = _everything(
        request,
        failure=failure,
        outcome=outcome,
        refusal=refusal,
        foreign=error,
        log_format=log_format,
    )

    assert outlets.logs.count("call ended") == 8
    assert "routersvc_calls_total{" in outlets.metrics
    assert '"routersvc.attempt.number"' in outlets.spans
    assert MARKER not in outlets.logs
    assert MARKER not in outlets.metrics
    assert MARKER not in outlets.spans


def test_marker_would_be_found_where_it_may_stand() -> None:
    """The search itself works: a request's id is in the log, and in no metric."""
    request = Request(request_id=MARKER, prompt=Prompt(messages=()), timeout=1.0)

    outlets = _everything(
        request,
        failure=Failure(failure_class=FailureClass.RESET, message="it was reset"),
        outcome=AttemptOutcome.FAILED,
        refusal=OverloadedError(priority=Priority.LOW, places=3, retry_after=1.0),
        foreign=ValueError(),
        log_format=LogFormat.JSON,
    )

    assert MARKER in outlets.logs
    assert MARKER not in outlets.metrics
