"""Checks whether a router is reachable and serving, by the standard gRPC health service."""

from __future__ import annotations

import asyncio
from typing import TypeAlias

import grpc
from grpc import aio
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from llmrouter import CallError, NotConnectedError
from llmrouter.channels import tls_credentials
from routersvc.grpc_api.client.client import ClientTls

_POLL_INTERVAL = 0.1
"""Seconds between two checks of a router that is reachable but not serving."""

_Check: TypeAlias = aio.UnaryUnaryMultiCallable[HealthCheckRequest, HealthCheckResponse]

_OPTIONS = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
    # The defaults of gRPC, 1 s and more, are made for servers that stay away longer.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
)


async def wait_until_serving(address: str, *, limit: float, tls: ClientTls | None = None) -> None:
    """Return when the router at an address reports `SERVING`.

    A server without the health service counts as serving when it is reachable.

    Raises:
        NotConnectedError: the router is not reachable within `limit` seconds.
        CallError: the router is reachable, but not serving within `limit` seconds.
        OSError: a file of `tls` cannot be read.
    """
    reached = False
    try:
        async with asyncio.timeout(limit), _channel(address, tls) as channel:
            check = _check_of(channel)
            while not await _is_serving(check):
                reached = True
                await asyncio.sleep(_POLL_INTERVAL)
    except TimeoutError as error:
        if reached:
            message = f"the router at {address} is not serving after {limit:g} s"
            raise CallError(status="UNAVAILABLE", message=message) from error
        message = f"no router at {address}: no connection within {limit:g} s"
        raise NotConnectedError(status="UNAVAILABLE", message=message) from error


async def check_serving(address: str, *, limit: float, tls: ClientTls | None = None) -> None:
    """Ask the router at an address once, as a load balancer does, and return if it is `SERVING`.

    Raises:
        NotConnectedError: the router is not reachable, or does not answer within `limit` seconds.
        CallError: the router is reachable, but not serving: it is draining.
        OSError: a file of `tls` cannot be read.
    """
    async with _channel(address, tls) as channel:
        try:
            response = await _check_of(channel)(HealthCheckRequest(), timeout=limit)
        except aio.AioRpcError as error:
            message = f"no router at {address}: {error.details() or error.code().name}"
            raise NotConnectedError(status=error.code().name, message=message) from error
    if response.status != HealthCheckResponse.SERVING:
        message = f"the router at {address} is not serving"
        raise CallError(status="UNAVAILABLE", message=message)


def _channel(address: str, tls: ClientTls | None) -> aio.Channel:
    if tls is None:
        return aio.insecure_channel(address, _OPTIONS)
    return aio.secure_channel(address, tls_credentials(tls.ca_file, tls.certificate), _OPTIONS)


def _check_of(channel: aio.Channel) -> _Check:
    return channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=HealthCheckRequest.SerializeToString,
        response_deserializer=HealthCheckResponse.FromString,
    )


async def _is_serving(check: _Check) -> bool:
    try:
        response = await check(HealthCheckRequest(), wait_for_ready=True)
    except aio.AioRpcError as error:
        return error.code() is grpc.StatusCode.UNIMPLEMENTED
    return response.status == HealthCheckResponse.SERVING
