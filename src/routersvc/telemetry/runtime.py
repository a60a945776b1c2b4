"""Starts logs, traces and metrics of a service, and flushes them on shutdown."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import TYPE_CHECKING, TextIO

from routersvc.domain.fleet.health import Availability
from routersvc.engine.reload_status import ReloadStatus
from routersvc.telemetry.decision_log.log import FileDecisionLog, Redact, open_decision_log
from routersvc.telemetry.logs import open_logs
from routersvc.telemetry.loop_lag import LoopLag
from routersvc.telemetry.metrics import Metrics
from routersvc.telemetry.observer import TelemetryObserver
from routersvc.telemetry.options import MetricsOptions, TelemetryOptions
from routersvc.telemetry.tracing import open_tracing

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

TRACER_NAME = "routersvc"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Telemetry:
    """The running telemetry of a service.

    `observer` is for the engine, `tracer_provider` for the server's interceptor (`None`: install
    none). `metrics_address` is the bound address. `decision_log` is `None` if it is off.
    """

    observer: TelemetryObserver
    tracer_provider: TracerProvider | None
    metrics_address: tuple[str, int] | None
    decision_log: FileDecisionLog | None
    _metrics: Metrics

    def follow(
        self,
        *,
        active_calls: Callable[[], int],
        availability: Callable[[], Iterable[Availability]] = tuple,
        reloads: ReloadStatus | None = None,
        policies: Callable[[], Iterable[str]] = tuple,
        tenants: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """Read at every scrape: running calls, each deployment's state, the configuration."""
        self._metrics.policies = policies
        self._metrics.tenants = tenants
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
    redact: Redact | None = None,
) -> AsyncGenerator[Telemetry]:
    """Start logs (to `stream`), traces and metrics; on leaving, flush and close them.

    `wall_clock` returns seconds since the epoch. `redact` is applied to prompts in the decision log
    that the options want redacted.

    Raises:
        OSError: the address of the metrics endpoint cannot be bound, or no file of the decision
            log made.
    """
    async with contextlib.AsyncExitStack() as stack:
        writer = stack.enter_context(open_logs(options.logs, stream))
        provider = await stack.enter_async_context(open_tracing(options, exporter=span_exporter))
        metrics = Metrics(version=options.service_version)
        metrics.dropped_log_lines = lambda: writer.dropped
        decision_log: FileDecisionLog | None = None
        if options.decisions is not None:
            decision_log = stack.enter_context(
                open_decision_log(options.decisions, wall_clock=wall_clock, redact=redact)
            )
            decision_writer = decision_log.writer
            metrics.logged_decisions = lambda: decision_writer.written
            metrics.dropped_decisions = lambda: decision_writer.dropped
        address: tuple[str, int] | None = None
        if options.metrics is not None:
            lag = LoopLag()
            stack.callback(lag.close)
            metrics.loop_lags = lag.lags
            address = await stack.enter_async_context(_exposed(metrics, options.metrics))
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
            decision_log=decision_log,
            _metrics=metrics,
        )


def _exposed(
    metrics: Metrics, options: MetricsOptions
) -> contextlib.AbstractAsyncContextManager[tuple[str, int]]:
    """Serve the metrics, and those of the process, while the context is open."""
    # An HTTP server takes 30 ms to load: only where metrics are served.
    from prometheus_client import (  # noqa: PLC0415
        CollectorRegistry,
        GCCollector,
        PlatformCollector,
        ProcessCollector,
    )

    from routersvc.telemetry.exposition import serve_metrics  # noqa: PLC0415

    registry = CollectorRegistry()
    registry.register(metrics)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return serve_metrics(options, registry)
