"""The `telemetry` section: logs, metrics and traces. None of them ever holds a prompt."""

from __future__ import annotations

import enum
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


class LogLevel(enum.Enum):
    """The least important lines that are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(enum.Enum):
    """How a log line looks: for programs or for people."""

    JSON = "json"
    CONSOLE = "console"


class TraceExporter(enum.Enum):
    """Where spans go."""

    NONE = "none"
    CONSOLE = "console"
    OTLP = "otlp"


class LogSection(Section):
    """Log lines, on standard error."""

    level: LogLevel = Field(
        default=LogLevel.INFO,
        description="The least important of the router's own lines; libraries speak up from "
        "warnings.",
    )
    format: LogFormat = Field(
        default=LogFormat.JSON, description="`json` for programs, `console` for people."
    )


class PrometheusSection(Section):
    """Metrics for Prometheus."""

    listen: TcpAddress | None = Field(
        default=None,
        description="Where `GET /metrics` answers; port 0 takes a free one. Left out: nowhere.",
    )


class TracingSection(Section):
    """Traces, with OpenTelemetry."""

    exporter: TraceExporter = Field(
        default=TraceExporter.NONE,
        description="`otlp` sends spans to a collector over gRPC, `console` prints them, `none` "
        "makes none.",
    )
    endpoint: HttpUrl | None = Field(
        default=None,
        description="The collector. `http://` is not encrypted. Left out: what the standard "
        "`OTEL_EXPORTER_OTLP_*` variables say.",
    )
    headers: Mapping[HeaderName, HeaderValue] = Field(
        repr=False,
        default={},
        description="What the collector asks for; a value may be a secret by reference.",
    )
    sample_ratio: Ratio = Field(
        default=0.01,
        description="The share of calls that is traced where the caller has not decided. "
        "A caller's decision holds.",
    )
    propagate: bool = Field(
        default=True, description="Sends the context of the trace along to providers."
    )
    export_timeout: Duration = Field(
        default=10.0, description="How long the collector has for each batch."
    )
    flush_timeout: Duration = Field(
        default=5.0, description="How long the end of the server waits for the last batch."
    )


class TelemetrySection(Section):
    """What the router tells of itself."""

    service_name: Name = Field(default="routersvc", description="What traces call this service.")
    log: LogSection = Field(default=LogSection(), description="Log lines.")
    prometheus: PrometheusSection = Field(
        default=PrometheusSection(), description="Metrics for Prometheus."
    )
    tracing: TracingSection = Field(default=TracingSection(), description="Traces.")
