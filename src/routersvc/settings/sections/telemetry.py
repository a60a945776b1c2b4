"""The `telemetry` section: logs, metrics and traces. None of them contains prompts."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from routersvc.settings.types.fields import (
    Duration,
    HeaderName,
    HeaderValue,
    HttpUrl,
    Name,
    Ratio,
    Section,
    TcpAddress,
)
from routersvc.telemetry.options import CallSpanMaker, LogFormat, LogLevel, TraceExporter


class LogSection(Section):
    """Log lines, on standard error."""

    level: LogLevel = Field(
        default=LogLevel.INFO,
        description="The lowest level of the router's own lines. Libraries log from `warning`.",
    )
    format: LogFormat = Field(
        default=LogFormat.JSON,
        description="`json`: one JSON object per line. `console`: `key=value`.",
    )


class PrometheusSection(Section):
    """Metrics for Prometheus."""

    listen: TcpAddress | None = Field(
        default=None,
        description="The address of the `/metrics` endpoint; port 0 selects a free port. If "
        "unset, there is no endpoint.",
    )


class StatusPageSection(Section):
    """A page for browsers: deployments, recent decisions, the configuration."""

    listen: TcpAddress | None = Field(
        default=None,
        description="The address of the page; port 0 selects a free port. Who reaches it can see "
        "names of tenants and decisions, so that it belongs on a loopback or internal address. If "
        "unset, there is no page.",
    )


class TracingSection(Section):
    """Traces, with OpenTelemetry."""

    exporter: TraceExporter = Field(
        default=TraceExporter.NONE,
        description="`otlp`: spans are sent to a collector over gRPC. `console`: spans are "
        "printed. `none`: no tracing.",
    )
    endpoint: HttpUrl | None = Field(
        default=None,
        description="The address of the collector; `http://` is not encrypted. If unset, the "
        "standard `OTEL_EXPORTER_OTLP_*` variables decide.",
    )
    headers: Mapping[HeaderName, HeaderValue] = Field(
        repr=False,
        default={},
        description="Headers sent to the collector. A value can be a secret by reference.",
    )
    sample_ratio: Ratio = Field(
        default=0.01,
        description="The share of calls that are traced if the caller made no sampling decision. "
        "The caller's decision is respected.",
    )
    call_spans: CallSpanMaker = Field(
        default=CallSpanMaker.BUILT_IN,
        description="What makes the spans of calls. `built_in`: the router, which makes them for "
        "sampled calls only. `opentelemetry`: OpenTelemetry's instrumentation of gRPC, which costs "
        "110 to 200 µs of CPU per call, sampled or not.",
    )
    propagate: bool = Field(default=True, description="Whether trace context is sent to providers.")
    export_timeout: Duration = Field(
        default=10.0, description="The timeout of sending one batch to the collector."
    )
    flush_timeout: Duration = Field(
        default=5.0, description="How long shutdown waits for the last batch to be sent."
    )


class TelemetrySection(Section):
    """Logs, metrics and traces."""

    service_name: Name = Field(default="routersvc", description="The `service.name` of traces.")
    log: LogSection = Field(default=LogSection(), description="Log lines, on standard error.")
    prometheus: PrometheusSection = Field(
        default=PrometheusSection(), description="Metrics for Prometheus."
    )
    status_page: StatusPageSection = Field(
        default=StatusPageSection(),
        description="A page for browsers: deployments, recent decisions, the configuration.",
    )
    tracing: TracingSection = Field(
        default=TracingSection(), description="Traces, with OpenTelemetry."
    )
