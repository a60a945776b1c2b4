"""Callers of two replicas behind Envoy, configured as `deploy/envoy/envoy.yaml` does."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

import grpc
import httpx
import pytest
from grpc import aio
from grpc_reflection.v1alpha.reflection_pb2 import (
    ListServiceResponse,
    ServerReflectionRequest,
    ServerReflectionResponse,
)
from tests.integration.envoy.conftest import KEY, WORDS, OpenReplica, WriteSettings
from tests.integration.envoy.proxies import PATIENCE, Proxy, free_port, running

from llmrouter import text_prompt
from llmrouter.v1 import router_service_pb2 as service
from llmrouter.v1 import router_service_pb2_grpc as service_grpc

HELLO = {"prompt": {"messages": [{"role": "ROLE_USER", "parts": [{"text": "Hello"}]}]}}
REQUEST = service.CompleteRequest(prompt=text_prompt("Hello"))
STREAM = service.StreamCompleteRequest(prompt=text_prompt("Hello"))
REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
CALLERS = 8


@contextlib.asynccontextmanager
async def calling(
    proxy: Proxy,
) -> AsyncGenerator[tuple[aio.Channel, service_grpc.RouterServiceAsyncStub]]:
    """Yield a channel without retries: what fails at the balancer fails for the caller."""
    async with aio.insecure_channel(proxy.address, [("grpc.enable_retries", 0)]) as channel:
        yield channel, service_grpc.RouterServiceStub(channel)


@pytest.fixture
async def proxy(envoy: Path, tmp_path: Path, open_replica: OpenReplica) -> AsyncIterator[Proxy]:
    """Envoy in front of two replicas in this process."""
    async with open_replica() as one, open_replica() as other:
        replicas = [*one.addresses, *other.addresses]
        async with running(envoy, tmp_path, replicas) as proxy:
            yield proxy


async def test_calls_of_one_connection_reach_both_replicas(proxy: Proxy) -> None:
    """And reflection passes, so that `grpcurl` works through the proxy.

    Envoy chooses at random until its connections are made: all 24 at one is one in 8 million.
    """
    async with calling(proxy) as (channel, stub):
        answers = await asyncio.gather(*(stub.Complete(REQUEST) for _ in range(24)))
        reflect: aio.StreamStreamMultiCallable[ServerReflectionRequest, ServerReflectionResponse]
        reflect = channel.stream_stream(
            REFLECTION,
            request_serializer=ServerReflectionRequest.SerializeToString,
            response_deserializer=ServerReflectionResponse.FromString,
        )
        listed: ListServiceResponse = (
            await anext(aiter(reflect(iter([ServerReflectionRequest(list_services="")]))))
        ).list_services_response

    assert {answer.message.parts[0].text for answer in answers} == {" ".join(WORDS)}
    assert min(await proxy.calls()) > 0
    assert "llmrouter.v1.RouterService" in {each.name for each in listed.service}


async def test_json_over_http_is_translated(proxy: Proxy) -> None:
    """Answers, streams as server-sent events, queries, and errors with their details."""
    async with httpx.AsyncClient(base_url=f"http://{proxy.address}", timeout=60) as client:
        answer = await client.post("/v1/complete", json=HELLO)
        stream = await client.post("/v1/stream", json=HELLO)
        models = await client.get("/v1/models", params={"models": "sim-large"})
        refused = await client.post("/v1/complete", json={"routing": {"policy": "none"}, **HELLO})
        misspelt = await client.post("/v1/complete", json={"promt": {}})
        unknown = await client.post("/v1/nothing", json={})

    assert answer.json()["message"]["parts"] == [{"text": " ".join(WORDS)}]
    assert answer.json()["report"]["servedBy"]["deployment"]["deployment"] == "alpha-large"
    assert stream.headers["content-type"] == "text/event-stream"
    events = [json.loads(line[6:]) for line in stream.text.splitlines() if line]
    texts = [event["contentDelta"]["text"] for event in events if "contentDelta" in event]
    assert "".join(texts) == " ".join(WORDS)
    assert [*events[0]] == ["routeSelected"]
    assert [*events[-1]] == ["finished"]
    assert [model["name"] for model in models.json()["models"]] == ["sim-large"]
    assert refused.status_code == 400
    assert refused.json()["details"][0]["reason"] == "UNKNOWN_POLICY"
    assert [misspelt.status_code, unknown.status_code] == [400, 404]


async def test_unreachable_replica_is_ejected(
    envoy: Path, tmp_path: Path, open_replica: OpenReplica
) -> None:
    """Within a few calls, although the next health check is far away."""
    async with open_replica() as stays, contextlib.AsyncExitStack() as stack:
        leaves = await stack.enter_async_context(open_replica())
        replicas = [*stays.addresses, *leaves.addresses]
        late = {"interval": "3600s", "no_traffic_interval": "3600s"}
        async with (
            running(envoy, tmp_path, replicas, **late) as proxy,
            calling(proxy) as (_, stub),
        ):
            await stack.aclose()
            failed: list[grpc.StatusCode] = []
            async with asyncio.timeout(PATIENCE):
                while not await proxy.stat("outlier_detection.ejections_active"):
                    failed += {await _code(stub)} - {grpc.StatusCode.OK}
            codes = await asyncio.gather(*(_code(stub) for _ in range(10)))

    assert {*failed} == {grpc.StatusCode.UNAVAILABLE}
    assert 3 <= len(failed) <= 6
    assert {*codes} == {grpc.StatusCode.OK}


async def _code(stub: service_grpc.RouterServiceAsyncStub) -> grpc.StatusCode:
    return await stub.Complete(REQUEST).code()


@pytest.mark.slow
async def test_rolling_restart_loses_no_call(
    envoy: Path, tmp_path: Path, write_settings: WriteSettings, *, thorough: bool
) -> None:
    """SIGTERM for one replica after the other under streams, with the shipped times, no retries."""
    if not thorough:
        pytest.skip("takes the real times of two drains: `make verify` runs it")
    ports = [free_port(), free_port()]
    replicas = [await _start(write_settings(port)) for port in ports]
    addresses = [f"127.0.0.1:{port}" for port in ports]
    stopping = asyncio.Event()
    try:
        async with (
            running(envoy, tmp_path, addresses) as proxy,
            calling(proxy) as (_, stub),
            asyncio.TaskGroup() as tasks,
        ):
            callers = [tasks.create_task(_stream_on(stub, stopping)) for _ in range(CALLERS)]
            codes: list[int] = []
            for place, port in enumerate(ports):
                replicas[place].send_signal(signal.SIGTERM)
                codes.append(await replicas[place].wait())
                replicas[place] = await _start(write_settings(port))
                await proxy.wait_for("membership_healthy", len(ports))
            stopping.set()
            answers = [answer for caller in callers for answer in await caller]
    finally:
        for each in replicas:
            if each.returncode is None:
                each.kill()
            await each.wait()

    assert codes == [0, 0]
    assert len(answers) > 100
    assert {*answers} == {" ".join(WORDS)}


async def _start(settings: Path) -> asyncio.subprocess.Process:
    """Return a replica that accepts calls."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "routersvc", "serve", "--config", settings, "--json"),
        env={**os.environ, "KEY": KEY},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline()
    return process


async def _stream_on(
    stub: service_grpc.RouterServiceAsyncStub, stopping: asyncio.Event
) -> list[str]:
    """Return the texts of streams, one after another; a failed one is its status instead."""
    answers: list[str] = []
    while not stopping.is_set():
        try:
            events = [event async for event in stub.StreamComplete(STREAM)]
        except aio.AioRpcError as error:
            answers.append(f"{error.code().name}: {error.details()}")
        else:
            answers.append("".join(event.content_delta.text for event in events))
    return answers
