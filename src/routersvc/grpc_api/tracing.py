"""Creates a span for every call of the router's services, as a child of the caller's span.

Uses OpenTelemetry's instrumentation as the outermost interceptor, because its span covers only what
it wraps. It costs 85 µs per call even if nothing is recorded, so a server installs it only if
tracing is enabled. Health checks and reflection have no spans.
"""

from __future__ import annotations

from grpc import aio
from opentelemetry.trace import TracerProvider

from llmrouter.v1 import router_service_pb2

_PACKAGE = router_service_pb2.DESCRIPTOR.package


def tracing_interceptor(provider: TracerProvider) -> aio.ServerInterceptor:
    """Return the interceptor, to be installed before all others."""
    # Takes 50 ms to load: only where calls are traced.
    from opentelemetry.instrumentation.grpc import (  # noqa: PLC0415 # pyright: ignore[reportMissingTypeStubs] - has no types
        aio_server_interceptor,  # pyright: ignore[reportUnknownVariableType] - has no types
        filters,
    )

    interceptor: aio.ServerInterceptor = aio_server_interceptor(  # type: ignore[no-untyped-call] # has no types
        tracer_provider=provider, filter_=filters.service_prefix(f"{_PACKAGE}.")
    )
    return interceptor
