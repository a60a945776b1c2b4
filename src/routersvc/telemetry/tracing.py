"""The tracer provider: who is sampled, and where spans go.

Parent-based: a caller's own decision holds, `sample_ratio` decides for the others. What the options
leave open follows the standard environment variables of OpenTelemetry (`OTEL_EXPORTER_OTLP_*`,
`OTEL_RESOURCE_ATTRIBUTES`, `OTEL_BSP_*`). No global provider is set.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator
from typing import assert_never

from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SpanExporter,
)
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from routersvc.telemetry.options import TelemetryOptions, TraceExporter, TraceOptions


@contextlib.asynccontextmanager
async def open_tracing(
    options: TelemetryOptions, *, exporter: SpanExporter | None = None
) -> AsyncGenerator[TracerProvider | None]:
    """Yield the provider of tracers, `None` where nothing is traced; on leaving, spans are flushed.

    `exporter` replaces the one that the options name.
    """
    exporter = exporter or _exporter(options.traces)
    if exporter is None:
        yield None
        return
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(options.traces.sample_ratio)),
        resource=Resource.create(
            {SERVICE_NAME: options.service_name, SERVICE_VERSION: options.service_version}
        ),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    try:
        yield provider
    finally:
        await _shut_down(provider, exporter, options.traces.flush_timeout)


async def _shut_down(provider: TracerProvider, exporter: SpanExporter, patience: float) -> None:
    """Flush and end; a collector that does not answer within `patience` seconds loses the rest.

    Shutting the exporter down ends the export that the flush waits for, and with it its thread.
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
            return ConsoleSpanExporter(out=sys.stderr)
        case TraceExporter.OTLP:
            # Loads a second gRPC stack: only who exports pays for it.
            from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (  # noqa: PLC0415
                OTLPSpanExporter,
            )

            return OTLPSpanExporter(
                endpoint=options.endpoint,
                headers=dict(options.headers) or None,
                timeout=options.export_timeout,
            )
        case _:
            assert_never(options.exporter)
