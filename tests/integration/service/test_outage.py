"""A provider dies under load, over real sockets, and comes back."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from llmrouter.v1.prompt_pb2 import ROLE_USER, Message, Part, Prompt
from llmrouter.v1.router_service_pb2 import CompleteRequest, StreamCompleteRequest
from routersvc.grpc_api.client.client import CallError, RouterClient

Start = Callable[..., AbstractAsyncContextManager[Any]]

CALLERS = 8
"""As many calls run at once; those that run when the provider dies may fail there."""

CALLS = 400
PROMPT = Prompt(messages=[Message(role=ROLE_USER, parts=[Part(text="Tell me something.")])])


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What one caller was told."""

    text: str
    served_by: str = ""
    error: str = ""

    @property
    def failed(self) -> bool:
        """Whether the call ended with an error."""
        return bool(self.error)


async def unary(client: RouterClient) -> Told:
    """Make one unary call."""
    try:
        response = await client.complete(CompleteRequest(prompt=PROMPT))
    except CallError as error:
        return Told(text="", error=str(error))
    return Told(
        text="".join(part.text for part in response.message.parts),
        served_by=response.report.served_by.deployment.provider,
    )


async def streamed(client: RouterClient) -> Told:
    """Make one streaming call."""
    text = ""
    served_by = ""
    try:
        async for response in client.stream(StreamCompleteRequest(prompt=PROMPT)):
            text += response.content_delta.text
            served_by = response.finished.report.served_by.deployment.provider
    except CallError as error:
        return Told(text=text, error=str(error))
    return Told(text=text, served_by=served_by)


async def test_no_call_fails_before_its_first_token(start: Start) -> None:
    """The primary dies under load and comes back; only streams that have begun break."""
    async with start() as service:
        alpha = service.simulator.provider("alpha")
        numbers = iter(range(CALLS))
        told: list[Told] = []

        async def call_one_after_another() -> None:
            for number in numbers:
                if number == CALLS // 4:
                    await alpha.kill()
                if number == CALLS // 2:
                    await alpha.revive()
                call = streamed if number % 2 else unary
                told.append(await call(service.client))

        async with asyncio.TaskGroup() as group:
            for _ in range(CALLERS):
                group.create_task(call_one_after_another())
        await service.settled()

        broken = [each for each in told if each.failed]
        assert [each.error for each in broken if not each.text] == []
        (whole,) = {each.text for each in told if not each.failed}
        assert all(whole.startswith(each.text) for each in broken)
        served = collections.Counter(each.served_by for each in told)
        assert served["alpha"] > 0
        assert served["beta"] > 0
        assert served["gamma"] == 0
        # The open breaker kept nearly all later calls away from the dead provider.
        health = {each.deployment.name: each for each in service.application.router.health()}
        assert sum(health["alpha-large"].failures_total.values()) <= 25
        assert service.application.router.running_attempts == 0


async def test_dead_router_of_dead_providers_says_when_to_come_again(start: Start) -> None:
    """With nothing left the caller gets a typed error with a time, not a hang."""
    async with start() as service:
        for provider in service.simulator.providers:
            await provider.kill()
        for _ in range(8):
            told = await unary(service.client)
            assert told.failed

        with pytest.raises(CallError) as caught:
            await service.client.complete(CompleteRequest(prompt=PROMPT))

        assert caught.value.status == "UNAVAILABLE"
        assert caught.value.reason == "PROVIDERS_UNAVAILABLE"
        assert caught.value.retry_delay is not None
        assert caught.value.report is not None
        assert len(caught.value.report.attempts) == 1
