"""A caller that goes away, or does not read, leaves nothing running."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import TYPE_CHECKING

import grpc
import pytest
from grpc import aio
from grpc_health.v1 import health_pb2

from llmrouter.v1 import prompt_pb2, router_service_pb2_grpc
from llmrouter.v1 import router_service_pb2 as service
from routersvc.domain.conversation.answers import Finished, Started
from routersvc.domain.conversation.deltas import TextDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.outcomes.errors import DeadlineExceededError
from routersvc.grpc_api.servicers import DeadlineRule
from routersvc.testing.scripted import answer

if TYPE_CHECKING:
    from tests.integration.grpc_api.conftest import Edge, OpenEdge

HELLO = prompt_pb2.Prompt(
    messages=[prompt_pb2.Message(role=prompt_pb2.ROLE_USER, parts=[prompt_pb2.Part(text="Hello")])]
)
COMPLETE = service.CompleteRequest(prompt=HELLO)
STREAM = service.StreamCompleteRequest(prompt=HELLO)
WINDOW = 1 << 20
"""More than HTTP/2 lets a server send to a client that does not read."""


async def round_trip(edge: Edge) -> None:
    """Return when everything that was sent on the connection before has arrived."""
    check: aio.UnaryUnaryMultiCallable[
        health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse
    ] = edge.channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    await check(health_pb2.HealthCheckRequest())


async def test_cancelled_call_ends_its_attempt(open_edge: OpenEdge) -> None:
    """At once: every further token costs money."""
    edge = await open_edge()
    call = edge.stub.Complete(COMPLETE)
    upstream = await edge.fed.opened()

    call.cancel()

    await upstream.closed.wait()
    await edge.router.wait_idle()
    assert upstream.broken_off
    assert edge.leftovers == (0, 0, 0)


async def test_cancelled_stream_ends_its_attempt(open_edge: OpenEdge) -> None:
    """Also after its first content."""
    edge = await open_edge()
    call = edge.stub.StreamComplete(STREAM)
    upstream = await edge.fed.opened()
    upstream.feed(Started(), TextDelta(text="It "))
    await call.read()

    call.cancel()

    await upstream.closed.wait()
    await edge.router.wait_idle()
    assert edge.leftovers == (0, 0, 0)


async def test_lost_connection_ends_its_attempts(open_edge: OpenEdge) -> None:
    """A caller that died cannot cancel."""
    edge = await open_edge()
    async with aio.insecure_channel(edge.address) as channel:
        call = router_service_pb2_grpc.RouterServiceStub(channel).StreamComplete(STREAM)
        upstream = await edge.fed.opened()

    await upstream.closed.wait()
    await edge.router.wait_idle()
    assert call.done()
    assert edge.leftovers == (0, 0, 0)


async def test_cancelled_call_ends_its_attempt_while_its_caller_does_not_read(
    open_edge: OpenEdge,
) -> None:
    """The server stands in a write then, not in a read of the provider."""
    edge = await open_edge()
    call = edge.stub.StreamComplete(STREAM)
    upstream = await edge.fed.opened()
    upstream.feed(
        Started(), TextDelta(text="a" * (WINDOW // 2)), TextDelta(text="b" * (WINDOW // 4))
    )
    await call.read()

    call.cancel()

    await upstream.closed.wait()
    await edge.router.wait_idle()
    assert edge.leftovers == (0, 0, 0)


async def test_caller_that_does_not_read_is_given_up_at_its_deadline(open_edge: OpenEdge) -> None:
    """Without a deadline of its own it would hold its attempt for ever."""
    edge = await open_edge(
        max_message_bytes=64 * WINDOW, deadlines=DeadlineRule(default_timeout=1.0, max_timeout=1.0)
    )
    call = edge.stub.StreamComplete(STREAM)
    upstream = await edge.fed.opened()
    upstream.feed(Started(), TextDelta(text="a" * 16 * WINDOW))

    await upstream.closed.wait()

    await edge.router.wait_idle()
    assert upstream.broken_off
    assert edge.leftovers == (0, 0, 0)
    ((_, error),) = edge.observer.ends
    assert isinstance(error, DeadlineExceededError)
    call.cancel()
    await round_trip(edge)


async def test_no_headers_before_an_attempt_has_committed(open_edge: OpenEdge) -> None:
    """A client's own retries and hedges stay possible until then."""
    edge = await open_edge()
    call = edge.stub.StreamComplete(STREAM)
    upstream = await edge.fed.opened()

    async with asyncio.TaskGroup() as tasks:
        headers = tasks.create_task(call.initial_metadata())
        upstream.feed(Started())
        await round_trip(edge)
        came_early = headers.done()
        upstream.feed(TextDelta(text="It "))

    assert not came_early
    call.cancel()


async def test_failed_stream_sends_no_headers(open_edge: OpenEdge) -> None:
    """Its status alone, so that the client may try again."""
    edge = await open_edge({"a": [answer("never")]})
    request = service.StreamCompleteRequest(prompt=HELLO)
    request.routing.policy = "unknown"
    call = edge.stub.StreamComplete(request)

    with pytest.raises(aio.AioRpcError) as caught:
        await call.read()

    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert tuple(await call.initial_metadata()) == ()


def is_error_of_the_router(record: logging.LogRecord) -> bool:
    """Whether a log record is an error, and not one of gRPC's poller.

    On a busy machine the poller of an event loop that an earlier test has closed may still be
    called, and logs that its loop is closed.
    """
    is_poller = record.name == "asyncio" and "PollerCompletionQueue" in record.getMessage()
    return record.levelno >= logging.ERROR and not is_poller


async def test_many_departures_at_random_leave_nothing(
    open_edge: OpenEdge, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the moment: before, in and after the answer."""
    edge = await open_edge({"a": [answer(*["token "] * 20)]})
    moments = random.Random(7)

    async def depart(call: aio.Call, moment: int) -> None:
        for _ in range(moment):
            await asyncio.sleep(0)
        call.cancel()

    async with asyncio.TaskGroup() as tasks:
        for number in range(300):
            moment = moments.randrange(200)
            if number % 2:
                tasks.create_task(depart(edge.stub.StreamComplete(STREAM), moment))
            else:
                tasks.create_task(depart(edge.stub.Complete(COMPLETE), moment))

    await edge.router.wait_idle()
    await edge.server.calls.wait_idle()
    assert edge.leftovers == (0, 0, 0)
    assert edge.scripted.open_streams == 0
    assert [record for record in caplog.records if is_error_of_the_router(record)] == []


async def test_served_answer_is_not_broken_off(open_edge: OpenEdge) -> None:
    """Its connection goes back to be used again."""
    edge = await open_edge()
    call = edge.stub.Complete(COMPLETE)
    upstream = await edge.fed.opened()

    upstream.feed(Started(), TextDelta(text="noon"), Finished(reason=FinishReason.STOP))
    await call

    await upstream.closed.wait()
    assert not upstream.broken_off
