"""What telemetry is told to do. Defaults stand in the settings schema alone; times are seconds."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping

MAX_PORT = 65535


class TraceExporter(enum.Enum):
    """Where spans go."""

    NONE = "none"
    CONSOLE = "console"
    OTLP = "otlp"


class LogFormat(enum.Enum):
    """How a log line looks: for programs or for people."""

    JSON = "json"
    CONSOLE = "console"


class LogLevel(enum.Enum):
    """The least important lines of the router that are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TraceOptions:
    """How calls are traced.

    `sample_ratio` decides for calls whose caller did not decide; a caller's own decision always
    holds. An `http` endpoint is not encrypted; `None` leaves it, and all that is not said here, to
    the standard `OTEL_*` environment variables. `headers` may hold credentials of the collector.
    `propagate` sends trace context to the providers. `flush_timeout` bounds the wait for the
    collector at the end.
    """

    exporter: TraceExporter
    endpoint: str | None = None
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str], repr=False)
    sample_ratio: float
    propagate: bool
    export_timeout: float
    flush_timeout: float

    def __post_init__(self) -> None:
        if not 0 <= self.sample_ratio <= 1:
            raise ValueError(f"`sample_ratio` lies between 0 and 1, not at {self.sample_ratio}")
        for name in ("export_timeout", "flush_timeout"):
            if not getattr(self, name) > 0:
                raise ValueError(f"`{name}` must be above 0 seconds, not {getattr(self, name)}")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class MetricsOptions:
    """Where Prometheus scrapes; port 0 takes a free one."""

    host: str
    port: int

    def __post_init__(self) -> None:
        if not 0 <= self.port <= MAX_PORT:
            raise ValueError(f"`port` lies between 0 and {MAX_PORT}, not at {self.port}")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class LogOptions:
    """What is logged, and how it looks.

    `level` is for the router's own lines; those of libraries are written from warnings upwards.
    """

    format: LogFormat
    level: LogLevel


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TelemetryOptions:
    """What telemetry is told to do; `metrics` of `None` serves none."""

    service_name: str
    service_version: str
    traces: TraceOptions
    metrics: MetricsOptions | None
    logs: LogOptions
