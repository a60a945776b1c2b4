"""The tracer provider: sampling and export of spans.

Sampling is parent-based: the caller's decision is respected, `sample_ratio` applies to calls
without one. Everything else follows the standard environment variables of OpenTelemetry
(`OTEL_EXPORTER_OTLP_*`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_BSP_*`). No global provider is set.
OpenTelemetry's SDK is imported by services that trace only.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, assert_never

from routersvc.telemetry.options import TelemetryOptions, TraceExporter, TraceOptions

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

# ruff: noqa: PLC0415 - see the docstring of this module


@contextlib.asynccontextmanager
async def open_tracing(
    options: TelemetryOptions, *, exporter: SpanExporter | None = None
) -> AsyncGenerator[TracerProvider | None]:
    """Yield the tracer provider, `None` if tracing is off; on leaving, flush the spans.

    `exporter` replaces the one in the options.
    """
    exporter = exporter or _exporter(options.traces)
    if exporter is None:
        yield None
        return
    provider = _provider(options, exporter)
    try:
        yield provider
    finally:
        await _shut_down(provider, exporter, options.traces.flush_timeout)


def _provider(options: TelemetryOptions, exporter: SpanExporter) -> TracerProvider:
    from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(options.traces.sample_ratio)),
        resource=Resource.create(
            {SERVICE_NAME: options.service_name, SERVICE_VERSION: options.service_version}
        ),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


async def _shut_down(provider: TracerProvider, exporter: SpanExporter, patience: float) -> None:
    """Flush and shut down; spans that the collector does not accept within `patience` are lost.

    Shutting down the exporter ends the export that the flush waits for, and its thread.
    """
    flush = asyncio.get_running_loop().run_in_executor(None, provider.shutdown)
    try:
        await asyncio.wait({flush}, timeout=patience)
    finally:
        if not flush.done():
            exporter.shutdown()
    await flush


def _exporter(options: TraceOptions) -> SpanExporter | None:
    match options.exporter:
        case TraceExporter.NONE:
            return None
        case TraceExporter.CONSOLE:
            from opentelemetry.sdk.trace.export import ConsoleSpanExporter

            return ConsoleSpanExporter(out=sys.stderr)
        case TraceExporter.OTLP:
            from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

            return OTLPSpanExporter(
                endpoint=options.endpoint,
                headers=dict(options.headers) or None,
                timeout=options.export_timeout,
            )
        case _:
            assert_never(options.exporter)
