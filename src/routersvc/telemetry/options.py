"""The options of telemetry. Defaults are in the settings schema only; times are in seconds."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping

MAX_PORT = 65535


class TraceExporter(enum.Enum):
    """Where spans are sent."""

    NONE = "none"
    CONSOLE = "console"
    OTLP = "otlp"


class CallSpanMaker(enum.Enum):
    """What makes the spans of calls: the router, or OpenTelemetry's instrumentation of gRPC."""

    BUILT_IN = "built_in"
    OPENTELEMETRY = "opentelemetry"


class LogFormat(enum.Enum):
    """The format of log lines: JSON objects or `key=value`."""

    JSON = "json"
    CONSOLE = "console"


class LogLevel(enum.Enum):
    """The lowest level of the router's own lines that are logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TraceOptions:
    """How calls are traced.

    `sample_ratio` applies to calls whose caller made no sampling decision. An `http` endpoint is
    not encrypted; `None` leaves it, like everything that has no option here, to the standard
    `OTEL_*` environment variables. `headers` may contain credentials of the collector. `propagate`
    sends trace context to providers. `flush_timeout` bounds the final export at shutdown.
    """

    exporter: TraceExporter
    endpoint: str | None = None
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str], repr=False)
    sample_ratio: float
    call_spans: CallSpanMaker
    propagate: bool
    export_timeout: float
    flush_timeout: float

    def __post_init__(self) -> None:
        if not 0 <= self.sample_ratio <= 1:
            raise ValueError(f"`sample_ratio` must be between 0 and 1, not {self.sample_ratio}")
        for name in ("export_timeout", "flush_timeout"):
            if not getattr(self, name) > 0:
                raise ValueError(f"`{name}` must be above 0 seconds, not {getattr(self, name)}")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class MetricsOptions:
    """The address that Prometheus scrapes; port 0 selects a free port."""

    host: str
    port: int

    def __post_init__(self) -> None:
        if not 0 <= self.port <= MAX_PORT:
            raise ValueError(f"`port` must be between 0 and {MAX_PORT}, not {self.port}")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class StatusPageOptions:
    """The address of the status page; port 0 selects a free port."""

    host: str
    port: int

    def __post_init__(self) -> None:
        if not 0 <= self.port <= MAX_PORT:
            raise ValueError(f"`port` must be between 0 and {MAX_PORT}, not {self.port}")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class LogOptions:
    """What is logged, and in which format.

    `level` applies to the router's own lines; libraries log from warnings upwards.
    """

    format: LogFormat
    level: LogLevel


class LoggedContent(enum.Enum):
    """What the decision log holds of prompts: nothing, redacted texts, or texts as they are."""

    NONE = "none"
    REDACTED = "redacted"
    FULL = "full"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class DecisionLogOptions:
    """Where decisions are logged; sizes are in bytes.

    `max_total_size` is that of all files in the directory, of other processes as well.
    """

    directory: str
    content: LoggedContent
    max_file_size: int
    max_total_size: int

    def __post_init__(self) -> None:
        if not 0 < self.max_file_size <= self.max_total_size:
            raise ValueError("`max_file_size` must be above 0 and at most `max_total_size`")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TelemetryOptions:
    """The options of telemetry; without `metrics` there is no metrics endpoint.

    Without `decisions` there is no decision log, without `status_page` no status page.
    """

    service_name: str
    service_version: str
    traces: TraceOptions
    metrics: MetricsOptions | None
    logs: LogOptions
    decisions: DecisionLogOptions | None = None
    status_page: StatusPageOptions | None = None
