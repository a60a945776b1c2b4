"""A replica goes away without losing a call: every stage as its callers see it.

Both delays are far longer than a test may take; the stages end by haste, as operators end them with
a second signal.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TYPE_CHECKING

import pytest
from grpc import aio
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from llmrouter.v1 import prompt_pb2
from llmrouter.v1 import router_service_pb2 as service
from routersvc.app.draining import Drain, DrainRule
from routersvc.domain.conversation.answers import Finished, Started
from routersvc.domain.conversation.deltas import TextDelta
from routersvc.domain.conversation.finish_reasons import FinishReason

if TYPE_CHECKING:
    from tests.integration.grpc_api.conftest import Edge, Hear, Heard, OpenEdge

HELLO = prompt_pb2.Prompt(
    messages=[prompt_pb2.Message(role=prompt_pb2.ROLE_USER, parts=[prompt_pb2.Part(text="Hello")])]
)
COMPLETE = service.CompleteRequest(prompt=HELLO)
STREAM = service.StreamCompleteRequest(prompt=HELLO)
ANSWER = (Started(), TextDelta(text="noon"), Finished(reason=FinishReason.STOP))


def watch(edge: Edge) -> AsyncIterator[HealthCheckResponse]:
    """Ask for the state of the server now and whenever it changes."""
    call: aio.UnaryStreamMultiCallable[HealthCheckRequest, HealthCheckResponse] = (
        edge.channel.unary_stream(
            "/grpc.health.v1.Health/Watch",
            request_serializer=HealthCheckRequest.SerializeToString,
            response_deserializer=HealthCheckResponse.FromString,
        )
    )
    return aiter(call(HealthCheckRequest()))


@contextlib.asynccontextmanager
async def draining(edge: Edge, rule: DrainRule) -> AsyncGenerator[Drain]:
    """Drain in the background; when this is left, the drain is over."""
    drain = Drain(server=edge.server, router=edge.router, rule=rule)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(drain.run())
        yield drain


PATIENT = DrainRule(notice_delay=600.0, grace=600.0)


async def test_every_stage_of_a_drain(open_edge: OpenEdge, hear: Hear) -> None:
    """Notice first, then refusal, then the end of what ran: in this order, and no call is lost."""
    edge = await open_edge()
    states = watch(edge)
    before = await anext(states)
    running = edge.stub.Complete(COMPLETE)
    upstream = await edge.fed.opened()

    async with draining(edge, PATIENT) as drain:
        noticed = await anext(states)
        late = edge.stub.Complete(COMPLETE)
        late_upstream = await edge.fed.opened()
        drain.request()
        refused = await refusal(edge, hear)
        upstream.feed(*ANSWER)
        late_upstream.feed(*ANSWER)
        answers = [await running, await late]
        with pytest.raises(aio.AioRpcError) as watch_ended:
            await anext(states)

    assert (before.status, noticed.status) == (
        HealthCheckResponse.SERVING,
        HealthCheckResponse.NOT_SERVING,
    )
    assert [it.message.parts[0].text for it in answers] == ["noon", "noon"]
    assert (refused.info.reason, refused.pushback) == ("DRAINING", "1")
    assert hear(watch_ended.value).info.reason == "DRAINING"
    assert edge.leftovers == (0, 0, 0)


async def refusal(edge: Edge, hear: Hear) -> Heard:
    """Call until a drain refuses; before that, such a call is refused for its policy."""
    request = service.CompleteRequest(prompt=HELLO)
    request.routing.policy = "unknown"
    while True:
        with pytest.raises(aio.AioRpcError) as caught:
            await edge.stub.Complete(request)
        heard = hear(caught.value)
        if heard.info.reason != "UNKNOWN_POLICY":
            return heard


async def test_what_outstays_the_grace_hears_why(open_edge: OpenEdge, hear: Hear) -> None:
    """Another replica can serve it; nothing runs on behind it."""
    edge = await open_edge()
    running = edge.stub.StreamComplete(STREAM)
    upstream = await edge.fed.opened()
    upstream.feed(Started(), TextDelta(text="It "))
    await running.read()
    await running.read()

    async with draining(edge, DrainRule(notice_delay=0.0, grace=0.0)):
        with pytest.raises(aio.AioRpcError) as caught:
            await running.read()

    assert hear(caught.value).info.reason == "DRAINING"
    assert upstream.broken_off
    assert edge.leftovers == (0, 0, 0)


async def test_idle_server_drains_at_once_after_its_notice(open_edge: OpenEdge) -> None:
    """The grace is for calls that run, not for a pause."""
    edge = await open_edge()

    async with draining(edge, DrainRule(notice_delay=0.0, grace=600.0)):
        pass

    assert edge.router.active_calls == 0


async def test_haste_ends_the_grace_too(open_edge: OpenEdge, hear: Hear) -> None:
    """Whoever signals again and again need not wait for anything."""
    edge = await open_edge()
    running = edge.stub.Complete(COMPLETE)
    upstream = await edge.fed.opened()

    async with draining(edge, PATIENT) as drain:
        while not upstream.closed.is_set():
            drain.request()
            await asyncio.sleep(0)
        with pytest.raises(aio.AioRpcError) as caught:
            await running

    assert hear(caught.value).info.reason == "DRAINING"


async def test_drained_server_takes_no_connections(open_edge: OpenEdge) -> None:
    """Its port is free for the next one."""
    edge = await open_edge()

    async with draining(edge, DrainRule(notice_delay=0.0, grace=0.0)):
        pass

    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*edge.address.split(":"))
