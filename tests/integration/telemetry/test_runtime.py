"""All of telemetry, opened and closed as a service does it."""

from __future__ import annotations

import asyncio
import io
import json
import socket
from collections.abc import AsyncGenerator, Callable

import aiohttp
import grpc.aio
import pytest
from opentelemetry.context import Context
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from routersvc.domain.catalogue.requests import Request
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.outcomes.errors import DrainingError
from routersvc.telemetry.options import (
    CallSpanMaker,
    LogFormat,
    LogLevel,
    LogOptions,
    MetricsOptions,
    TelemetryOptions,
    TraceExporter,
    TraceOptions,
)
from routersvc.telemetry.runtime import open_telemetry

NOW = 1_700_000_000.0
REQUEST = Request(request_id="request-1", prompt=Prompt(messages=()), timeout=30.0, tenant="shop")


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """An OpenTelemetry collector that notes what it is sent."""

    def __init__(self) -> None:
        self.spans: list[str] = []
        self.resource: dict[str, str] = {}
        self.metadata: dict[str, str | bytes] = {}

    async def Export(  # noqa: N802 - the name of the protocol
        self,
        request: trace_service_pb2.ExportTraceServiceRequest,
        context: grpc.aio.ServicerContext[
            trace_service_pb2.ExportTraceServiceRequest,
            trace_service_pb2.ExportTraceServiceResponse,
        ],
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        """Take spans."""
        self.metadata.update(context.invocation_metadata() or ())
        for resource_spans in request.resource_spans:
            for attribute in resource_spans.resource.attributes:
                self.resource[attribute.key] = attribute.value.string_value
            for scope_spans in resource_spans.scope_spans:
                self.spans.extend(span.name for span in scope_spans.spans)
        return trace_service_pb2.ExportTraceServiceResponse()


@pytest.fixture
async def collector() -> AsyncGenerator[tuple[Collector, int]]:
    """Run a collector; yields it and its port."""
    servicer = Collector()
    server = grpc.aio.server()
    add_to_server: Callable[[Collector, grpc.aio.Server], None] = vars(trace_service_pb2_grpc)[
        "add_TraceServiceServicer_to_server"
    ]
    add_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield servicer, port
    await server.stop(None)


def _options(
    *,
    exporter: TraceExporter = TraceExporter.NONE,
    endpoint: str | None = None,
    sample_ratio: float = 1.0,
    flush_timeout: float = 10.0,
) -> TelemetryOptions:
    return TelemetryOptions(
        service_name="router-under-test",
        service_version="1.2.3",
        traces=TraceOptions(
            call_spans=CallSpanMaker.BUILT_IN,
            exporter=exporter,
            endpoint=endpoint,
            headers={"x-collector-key": "abc"},
            sample_ratio=sample_ratio,
            propagate=True,
            export_timeout=30.0,
            flush_timeout=flush_timeout,
        ),
        metrics=MetricsOptions(host="127.0.0.1", port=0),
        logs=LogOptions(format=LogFormat.JSON, level=LogLevel.INFO),
    )


async def test_refused_call_shows_in_metrics_and_logs() -> None:
    """One call is told by everything that was opened."""
    stream = io.StringIO()

    async with (
        open_telemetry(_options(), stream=stream, wall_clock=lambda: NOW) as telemetry,
        aiohttp.ClientSession() as session,
    ):
        telemetry.follow(active_calls=lambda: 7)
        telemetry.observer.call_refused(request=REQUEST, error=DrainingError())
        assert telemetry.metrics_address is not None
        host, port = telemetry.metrics_address
        async with session.get(f"http://{host}:{port}/metrics") as response:
            metrics = (await response.text()).splitlines()

    assert 'routersvc_refused_calls_total{outcome="draining",streaming="false"} 1.0' in metrics
    assert "routersvc_calls_in_flight 7.0" in metrics
    assert 'routersvc_build_info{version="1.2.3"} 1.0' in metrics
    assert any(line.startswith("process_cpu_seconds_total ") for line in metrics)
    assert json.loads(stream.getvalue())["outcome"] == "draining"


async def test_nothing_is_traced_where_nothing_is_exported() -> None:
    """The interceptor costs 85 µs a call: without an exporter there is no provider to install."""
    async with open_telemetry(
        _options(), stream=io.StringIO(), wall_clock=lambda: NOW
    ) as telemetry:
        provider = telemetry.tracer_provider

    assert provider is None


async def test_leaving_flushes_the_spans() -> None:
    """The spans of the last calls are those that tell why the service ended."""
    exporter = InMemorySpanExporter()

    async with open_telemetry(
        _options(), stream=io.StringIO(), wall_clock=lambda: NOW, span_exporter=exporter
    ) as telemetry:
        assert telemetry.tracer_provider is not None
        telemetry.tracer_provider.get_tracer("test").start_span("call").end()

    assert [span.name for span in exporter.get_finished_spans()] == ["call"]


async def test_collector_gets_spans_with_its_headers(collector: tuple[Collector, int]) -> None:
    """OTLP over gRPC, beside the service's own gRPC server in one process."""
    servicer, port = collector
    options = _options(exporter=TraceExporter.OTLP, endpoint=f"http://127.0.0.1:{port}")

    async with open_telemetry(options, stream=io.StringIO(), wall_clock=lambda: NOW) as telemetry:
        assert telemetry.tracer_provider is not None
        telemetry.tracer_provider.get_tracer("test").start_span("call").end()

    assert servicer.spans == ["call"]
    assert servicer.metadata["x-collector-key"] == "abc"
    assert servicer.resource["service.name"] == "router-under-test"
    assert servicer.resource["service.version"] == "1.2.3"


async def test_caller_s_sampling_decision_holds() -> None:
    """A ratio of nothing traces only what a caller traces already."""
    exporter = InMemorySpanExporter()

    async with open_telemetry(
        _options(sample_ratio=0.0),
        stream=io.StringIO(),
        wall_clock=lambda: NOW,
        span_exporter=exporter,
    ) as telemetry:
        assert telemetry.tracer_provider is not None
        tracer = telemetry.tracer_provider.get_tracer("test")
        tracer.start_span("undecided").end()
        tracer.start_span("traced", context=_remote_context(sampled=True)).end()
        tracer.start_span("not traced", context=_remote_context(sampled=False)).end()

    assert [span.name for span in exporter.get_finished_spans()] == ["traced"]


async def test_collector_that_does_not_answer_does_not_hold_up_the_end() -> None:
    """A service that cannot end is killed, and loses more than spans."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        options = _options(exporter=TraceExporter.OTLP, endpoint=endpoint, flush_timeout=0.05)

        async with asyncio.timeout(60.0):
            async with open_telemetry(
                options, stream=io.StringIO(), wall_clock=lambda: NOW
            ) as telemetry:
                assert telemetry.tracer_provider is not None
                telemetry.tracer_provider.get_tracer("test").start_span("call").end()


def _remote_context(*, sampled: bool) -> Context:
    flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
    context = SpanContext(trace_id=1, span_id=1, is_remote=True, trace_flags=flags)
    return set_span_in_context(NonRecordingSpan(context))
