"""Callers go away at random moments; nothing of their calls stays behind."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from tests.garbage import cyclic_garbage, without_old_objects

from llmrouter.v1.prompt_pb2 import ROLE_USER, Message, Part, Prompt
from llmrouter.v1.router_service_pb2 import CompleteRequest, StreamCompleteRequest
from routersvc.grpc_api.client.client import CallError, RouterClient
from routersvc.simulator import Behaviour, Constant

Start = Callable[..., AbstractAsyncContextManager[Any]]

CANCELLATIONS = 1000
LEFT_WHILE_READING = 0.01
"""Callers that stay for less, in seconds, then leave a second call at its first words."""

AT_ONCE = 50
PLACES = 40
"""Connections of a provider: fewer than callers, so that a lost place would soon be missed."""

PROMPT = Prompt(messages=[Message(role=ROLE_USER, parts=[Part(text="Tell me something.")])])
SLOW = Behaviour(
    time_to_first_token=Constant(value=0.02), time_between_tokens=Constant(value=0.002)
)


async def leave_after(seconds: float, client: RouterClient, *, streaming: bool) -> None:
    """Make a call and leave it after so long."""
    try:
        async with asyncio.timeout(seconds):
            if streaming:
                async for _ in client.stream(StreamCompleteRequest(prompt=PROMPT)):
                    pass
            else:
                await client.complete(CompleteRequest(prompt=PROMPT))
    except (TimeoutError, CallError):
        pass


async def leave_at_first_words(client: RouterClient) -> None:
    """Begin to read an answer, and leave it."""
    async with contextlib.aclosing(
        client.stream(StreamCompleteRequest(prompt=PROMPT))
    ) as responses:
        async for response in responses:
            if response.HasField("content_delta"):
                return


async def test_departed_callers_leave_nothing_behind(start: Start) -> None:
    """No upstream request, task, lease or place in a pool outlives its caller."""
    async with start(SLOW, connections=PLACES) as service:
        drawn = random.Random(7)
        places = asyncio.Semaphore(AT_ONCE)

        async def one(seconds: float, *, streaming: bool) -> None:
            async with places:
                await leave_after(seconds, service.client, streaming=streaming)
                if seconds < LEFT_WHILE_READING:
                    # However busy the machine is, its provider is still speaking.
                    await leave_at_first_words(service.client)

        async with asyncio.TaskGroup() as group:
            for number in range(CANCELLATIONS):
                group.create_task(one(drawn.uniform(0.0, 0.12), streaming=number % 2 == 0))
        await service.settled()

        application = service.application
        assert application.router.active_calls == 0
        assert application.router.running_attempts == 0
        assert application.router.running_tasks == 0
        for counts in application.gateways.current.connections.values():
            assert counts.in_use == 0
        hung_up = [
            record
            for provider in service.simulator.providers
            for record in provider.log
            if record.outcome.value == "client_hung_up"
        ]
        assert hung_up, "the providers noticed that callers left"
        for provider in service.simulator.providers:
            assert provider.activity().requests_in_flight == 0
        # Every place is still there: as many calls as there are places run at once.
        answers = await asyncio.gather(
            *(service.client.complete(CompleteRequest(prompt=PROMPT)) for _ in range(PLACES))
        )
        assert len(answers) == PLACES


async def test_hang_up_reaches_the_provider_in_silence_and_in_mid_stream(start: Start) -> None:
    """The provider's own log tells when its client went away."""
    slow = Behaviour(
        time_to_first_token=Constant(value=0.0), time_between_tokens=Constant(value=15.0)
    )
    async with start(slow) as service:
        alpha = service.simulator.provider("alpha")

        async for response in service.client.stream(StreamCompleteRequest(prompt=PROMPT)):
            if response.HasField("content_delta"):
                break
        await alpha.settled()

        (record,) = alpha.log
        assert record.outcome.value == "client_hung_up"
        assert record.tokens_sent == 1


async def test_calls_leave_no_work_for_the_garbage_collector(start: Start) -> None:
    """Neither complete answers nor departed callers leave cycles."""
    with without_old_objects():
        async with start(SLOW) as service:
            cyclic_garbage()

            for streaming in (True, False):
                await leave_after(20.0, service.client, streaming=streaming)
                for seconds in (0.01, 0.03, 0.06):
                    await leave_after(seconds, service.client, streaming=streaming)
            await service.settled()

            assert cyclic_garbage("routersvc.") == []
