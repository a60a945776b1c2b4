"""`grpc.health.v1`, which tells load balancers and probes whether to send calls here.

Stands in for the servicer of grpcio-health-checking, whose `Watch` answers interceptors with
something they cannot iterate over, and never ends: a drain would wait for every watcher.
A provider's outage does not make a replica unhealthy: the others would not fare better.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import grpc
from grpc import aio
from grpc_health.v1 import health_pb2

from routersvc.domain.outcomes.errors import (
    DrainingError,
)

SERVICE_NAME = "grpc.health.v1.Health"


class HealthChecks:
    """One state for the whole server (`""`) and for each of `services`; not serving at first."""

    def __init__(self, services: Iterable[str]) -> None:
        self._services = frozenset({"", *services})
        self._is_serving = False
        self._changed = asyncio.Event()
        self._closed = False

    def handler(self) -> grpc.GenericRpcHandler:
        """Return what a server registers."""
        return grpc.method_handlers_generic_handler(
            SERVICE_NAME,
            {
                "Check": grpc.unary_unary_rpc_method_handler(
                    self._check,
                    health_pb2.HealthCheckRequest.FromString,
                    health_pb2.HealthCheckResponse.SerializeToString,
                ),
                "Watch": grpc.unary_stream_rpc_method_handler(
                    self._watch,
                    health_pb2.HealthCheckRequest.FromString,
                    health_pb2.HealthCheckResponse.SerializeToString,
                ),
            },
        )

    def serving(self) -> None:
        """Say that calls are welcome."""
        self._change(is_serving=True)

    def not_serving(self) -> None:
        """Say that calls had better go elsewhere. Every watcher hears it."""
        self._change(is_serving=False)

    def close(self) -> None:
        """End every watch: its caller hears that the router is shutting down."""
        self._closed = True
        self._wake()

    def _change(self, *, is_serving: bool) -> None:
        self._is_serving = is_serving
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _response(self, service: str) -> health_pb2.HealthCheckResponse:
        if service not in self._services:
            return health_pb2.HealthCheckResponse(
                status=health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
            )
        if self._is_serving:
            return health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.SERVING)
        return health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.NOT_SERVING)

    async def _check(
        self, request: health_pb2.HealthCheckRequest, context: aio.ServicerContext[Any, Any]
    ) -> health_pb2.HealthCheckResponse:
        if request.service not in self._services:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no service has this name")
        return self._response(request.service)

    async def _watch(
        self, request: health_pb2.HealthCheckRequest, context: aio.ServicerContext[Any, Any]
    ) -> None:
        """Send the state now and whenever it changes, until the server closes."""
        told: health_pb2.HealthCheckResponse | None = None
        while not self._closed:
            changed = self._changed
            response = self._response(request.service)
            if response != told:
                told = response
                await context.write(response)
            await changed.wait()
        raise DrainingError
