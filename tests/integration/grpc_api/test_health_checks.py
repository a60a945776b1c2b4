"""`grpc.health.v1` over a real socket, and reflection beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest
from grpc import aio
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_reflection.v1alpha import reflection_pb2

from llmrouter.v1 import router_service_pb2
from routersvc.testing.scripted import answer

if TYPE_CHECKING:
    from tests.integration.grpc_api.conftest import Edge, Hear, OpenEdge

SERVICE = "llmrouter.v1.RouterService"
CATALOGUE = "llmrouter.v1.CatalogueService"


async def check(edge: Edge, name: str) -> HealthCheckResponse:
    """Ask for the state of a service."""
    call: aio.UnaryUnaryMultiCallable[HealthCheckRequest, HealthCheckResponse] = (
        edge.channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=HealthCheckRequest.SerializeToString,
            response_deserializer=HealthCheckResponse.FromString,
        )
    )
    return await call(HealthCheckRequest(service=name))


def watch(edge: Edge, name: str) -> AsyncIterator[HealthCheckResponse]:
    """Ask for the state of a service now and whenever it changes."""
    call: aio.UnaryStreamMultiCallable[HealthCheckRequest, HealthCheckResponse] = (
        edge.channel.unary_stream(
            "/grpc.health.v1.Health/Watch",
            request_serializer=HealthCheckRequest.SerializeToString,
            response_deserializer=HealthCheckResponse.FromString,
        )
    )
    return aiter(call(HealthCheckRequest(service=name)))


@pytest.mark.parametrize("name", ["", SERVICE, CATALOGUE])
async def test_running_server_is_serving(name: str, open_edge: OpenEdge) -> None:
    """As a whole and by the name of its service."""
    edge = await open_edge({"a": [answer("never")]})

    assert await check(edge, name) == HealthCheckResponse(status=HealthCheckResponse.SERVING)


async def test_unknown_service_is_not_found(open_edge: OpenEdge) -> None:
    """As the protocol says."""
    edge = await open_edge({"a": [answer("never")]})

    with pytest.raises(aio.AioRpcError) as caught:
        await check(edge, "llmrouter.v1.Router")

    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_watcher_hears_every_change(open_edge: OpenEdge) -> None:
    """And nothing where nothing changes."""
    edge = await open_edge({"a": [answer("never")]})
    states = watch(edge, SERVICE)

    first = await anext(states)
    edge.server.health.serving()
    await check(edge, SERVICE)
    edge.server.health.not_serving()
    second = await anext(states)

    assert (first.status, second.status) == (
        HealthCheckResponse.SERVING,
        HealthCheckResponse.NOT_SERVING,
    )


async def test_watcher_of_an_unknown_service_waits_for_it(open_edge: OpenEdge) -> None:
    """As the protocol says: it may come to be served."""
    edge = await open_edge({"a": [answer("never")]})

    state = await anext(watch(edge, "llmrouter.v1.Router"))

    assert state.status == HealthCheckResponse.SERVICE_UNKNOWN


async def test_watch_ends_with_the_server(open_edge: OpenEdge, hear: Hear) -> None:
    """A watcher that stayed would hold up every drain."""
    edge = await open_edge({"a": [answer("never")]})
    states = watch(edge, "")
    await anext(states)

    await edge.server.stop(grace=30.0)

    with pytest.raises(aio.AioRpcError) as caught:
        await anext(states)
    assert hear(caught.value).info.reason == "DRAINING"


async def test_malformed_health_check_is_refused(open_edge: OpenEdge, hear: Hear) -> None:
    """Every service has the same exit."""
    edge = await open_edge({"a": [answer("never")]})
    call: aio.UnaryUnaryMultiCallable[bytes, bytes] = edge.channel.unary_unary(
        "/grpc.health.v1.Health/Check"
    )

    with pytest.raises(aio.AioRpcError) as caught:
        await call(b"\xff")

    assert hear(caught.value).bad_fields == {"request": "is not a valid message"}


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
async def test_reflection_lists_the_services(version: str, open_edge: OpenEdge) -> None:
    """Tools of both ages learn the contract."""
    edge = await open_edge({"a": [answer("never")]})
    call: aio.StreamStreamMultiCallable[
        reflection_pb2.ServerReflectionRequest, reflection_pb2.ServerReflectionResponse
    ] = edge.channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    requests = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol=SERVICE),
    ]

    listing, files = [response async for response in call(iter(requests))]

    assert [it.name for it in listing.list_services_response.service] == [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        CATALOGUE,
        SERVICE,
    ]
    assert router_service_pb2.DESCRIPTOR.serialized_pb in (
        files.file_descriptor_response.file_descriptor_proto
    )


SYMBOLS = (
    SERVICE,
    f"{SERVICE}.Complete",
    "llmrouter.v1.CompleteRequest.prompt",
    "llmrouter.v1.ErrorReason",
    "llmrouter.v1.ERROR_REASON_DRAINING",
    # What errors carry: a tool that cannot read a detail shows bytes.
    "llmrouter.v1.RouteReport",
    "google.rpc.Status",
    "google.rpc.ErrorInfo",
    "google.rpc.RetryInfo",
    "google.rpc.BadRequest.FieldViolation",
    "grpc.health.v1.Health.Watch",
    "grpc.reflection.v1.ServerReflection.ServerReflectionInfo",
    "grpc.reflection.v1.ServerReflectionRequest",
    "grpc.reflection.v1alpha.ServerReflection",
)


@pytest.mark.parametrize("symbol", SYMBOLS)
async def test_reflection_describes_whatever_a_tool_asks_for(
    symbol: str, open_edge: OpenEdge, grpcurl: Path
) -> None:
    """Services, methods, messages, fields, enums, and what travels inside of errors."""
    edge = await open_edge({"a": [answer("never")]})

    described = await output(grpcurl, "-plaintext", edge.address, "describe", symbol)

    first, _, _ = described.partition("\n")
    assert " is a" in first, described
    assert symbol.rpartition(".")[2] in first


async def test_reflection_knows_what_it_does_not_know(open_edge: OpenEdge, grpcurl: Path) -> None:
    """A typo is told as one."""
    edge = await open_edge({"a": [answer("never")]})

    described = await output(grpcurl, "-plaintext", edge.address, "describe", f"{SERVICE}.Complet")

    assert "Symbol not found" in described


async def test_grpcurl_reaches_all_four_calls(open_edge: OpenEdge, grpcurl: Path) -> None:
    """By reflection alone, streaming included."""
    edge = await open_edge({"a": [answer("It is ", "noon")]})
    prompt = '{"prompt": {"messages": [{"role": "ROLE_USER", "parts": [{"text": "Hello"}]}]}}'

    outputs = [
        await output(grpcurl, "-plaintext", *arguments)
        for arguments in (
            (edge.address, "list"),
            (edge.address, "describe", SERVICE),
            ("-d", prompt, edge.address, f"{SERVICE}/Complete"),
            ("-d", prompt, edge.address, f"{SERVICE}/StreamComplete"),
            ("-d", prompt, edge.address, f"{SERVICE}/ExplainRoute"),
            (edge.address, f"{SERVICE}/ProviderHealth"),
        )
    ]

    for found, expected in zip(
        outputs,
        (
            SERVICE,
            "rpc StreamComplete",
            "It is noon",
            '"finished"',
            '"eligible": true',
            '"served_total"',
        ),
        strict=True,
    ):
        assert expected in found


async def test_grpc_health_probe_agrees(open_edge: OpenEdge, grpc_health_probe: Path) -> None:
    """What orchestrators run."""
    edge = await open_edge({"a": [answer("never")]})

    serving = await output(grpc_health_probe, f"-addr={edge.address}")
    edge.server.health.not_serving()
    not_serving = await output(grpc_health_probe, f"-addr={edge.address}")

    assert "status: SERVING" in serving
    assert "NOT_SERVING" in not_serving


async def output(*command: str | Path) -> str:
    """Run a program and return all that it says."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return said.decode()
