"""Implements `grpc.health.v1` for load balancers and probes.

Replaces the servicer of grpcio-health-checking, whose `Watch` does not work behind interceptors and
never ends, so that a drain would wait for every watcher. A provider outage does not make a replica
unhealthy, because it affects all replicas alike.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import grpc
from grpc_health.v1 import health_pb2

from routersvc.domain.outcomes.errors import DrainingError
from routersvc.grpc_api.edges.port import CallContext

SERVICE_NAME = "grpc.health.v1.Health"


class HealthChecks:
    """One state for the whole server (`""`) and for each of `services`; initially not serving."""

    def __init__(self, services: Iterable[str]) -> None:
        self._services = frozenset({"", *services})
        self._is_serving = False
        self._changed = asyncio.Event()
        self._closed = False

    def handler(self) -> grpc.GenericRpcHandler:
        """Return the handler to register with a server."""
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
        """Report `SERVING`."""
        self._change(is_serving=True)

    def not_serving(self) -> None:
        """Report `NOT_SERVING`, also to every watcher."""
        self._change(is_serving=False)

    def close(self) -> None:
        """End every watch with the status of a draining router."""
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
        self, request: health_pb2.HealthCheckRequest, context: CallContext
    ) -> health_pb2.HealthCheckResponse:
        if request.service not in self._services:
            await context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        return self._response(request.service)

    async def _watch(self, request: health_pb2.HealthCheckRequest, context: CallContext) -> None:
        """Send the state now and whenever it changes, until the server closes."""
        sent: health_pb2.HealthCheckResponse | None = None
        while not self._closed:
            changed = self._changed
            response = self._response(request.service)
            if response != sent:
                sent = response
                await context.write(response)
            await changed.wait()
        raise DrainingError
