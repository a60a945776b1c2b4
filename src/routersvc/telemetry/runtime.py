"""Starts logs, traces and metrics of a service, and flushes them on shutdown."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import TextIO

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from routersvc.domain.fleet.health import Availability
from routersvc.engine.reload_status import ReloadStatus
from routersvc.telemetry.exposition import serve_metrics
from routersvc.telemetry.logs import open_logs
from routersvc.telemetry.metrics import Metrics
from routersvc.telemetry.observer import TelemetryObserver
from routersvc.telemetry.options import TelemetryOptions
from routersvc.telemetry.tracing import open_tracing

TRACER_NAME = "routersvc"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Telemetry:
    """The running telemetry of a service.

    `observer` is for the engine, `tracer_provider` for the server's interceptor (`None`: install
    none). `metrics_address` is the bound address.
    """

    observer: TelemetryObserver
    tracer_provider: TracerProvider | None
    metrics_address: tuple[str, int] | None
    _metrics: Metrics

    def follow(
        self,
        *,
        active_calls: Callable[[], int],
        availability: Callable[[], Iterable[Availability]] = tuple,
        reloads: ReloadStatus | None = None,
    ) -> None:
        """Read at every scrape: running calls, each deployment's state, the configuration."""
        self._metrics.active_calls = active_calls
        self._metrics.availability = availability
        self._metrics.reloads = reloads


@contextlib.asynccontextmanager
async def open_telemetry(
    options: TelemetryOptions,
    *,
    stream: TextIO,
    wall_clock: Callable[[], float],
    span_exporter: SpanExporter | None = None,
) -> AsyncGenerator[Telemetry]:
    """Start logs (to `stream`), traces and metrics; on leaving, flush and close them.

    `wall_clock` returns seconds since the epoch.

    Raises:
        OSError: the address of the metrics endpoint cannot be bound.
    """
    async with contextlib.AsyncExitStack() as stack:
        writer = stack.enter_context(open_logs(options.logs, stream))
        provider = await stack.enter_async_context(open_tracing(options, exporter=span_exporter))
        metrics = Metrics(version=options.service_version)
        metrics.dropped_log_lines = lambda: writer.dropped
        registry = CollectorRegistry()
        registry.register(metrics)
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        address: tuple[str, int] | None = None
        if options.metrics is not None:
            address = await stack.enter_async_context(serve_metrics(options.metrics, registry))
        yield Telemetry(
            observer=TelemetryObserver(
                metrics=metrics,
                tracer=None
                if provider is None
                else provider.get_tracer(TRACER_NAME, options.service_version),
                propagate=options.traces.propagate,
                write_line=writer.write_line,
                wall_clock=wall_clock,
            ),
            tracer_provider=provider,
            metrics_address=address,
            _metrics=metrics,
        )
