"""Thousands of cancellations at random moments leave nothing behind."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from routersvc.domain.conversation.answers import AnswerEvent, Finished
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.providers.http.gateway import ProviderGateway
from routersvc.providers.http.transports import ConnectionCounts

if TYPE_CHECKING:
    from tests.integration.providers.conftest import Exchange, MakeCall, MakeGateway, Serve

CHUNK = b'data: {"id": "r-1", "model": "m-1", "choices": [{"delta": {"content": "Hi"}}]}\n\n'
END = b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
ANSWER = (
    b'{"id": "r-1", "model": "m-1", "choices": '
    b'[{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}]}'
)
MAX_CONNECTIONS = 8
CANCELLATIONS = 1_200
WORKERS = 6


def ends(events: Sequence[AnswerEvent]) -> bool:
    """Whether the answer is complete with these events."""
    return bool(events) and isinstance(events[-1], Finished)


async def use_every_slot(gateway: ProviderGateway, make_call: MakeCall) -> None:
    """Hold as many connections as there may be: none of the slots is lost."""
    streams = [gateway.open(make_call()) for _ in range(MAX_CONNECTIONS)]
    for stream in streams:
        await stream.receive()
    assert gateway.connections["acme"].in_use == MAX_CONNECTIONS
    with pytest.raises(AttemptFailedError) as refused:
        await gateway.open(make_call()).receive()
    assert refused.value.failure.failure_class is FailureClass.LOCAL_LIMIT
    for stream in streams:
        await stream.aclose()


class Moments:
    """Turns of the loop, drawn at random: the only clock that this test has."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    async def pass_by(self, most: int) -> None:
        """Let the loop turn a few times."""
        for _ in range(self._random.randrange(most)):
            await asyncio.sleep(0)

    def chance(self, of: float) -> bool:
        """Whether something happens that happens in this share of cases."""
        return self._random.random() < of


async def test_cancellations_at_random_moments_leave_no_slot(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """A pool that loses a slot with every hundredth cancelled hedge is empty within an hour."""
    moments = Moments(seed=1)
    outcomes = {"cancelled": 0, "complete": 0, "closed": 0}

    async def dawdle(exchange: Exchange) -> None:
        await moments.pass_by(6)
        if b'"stream":true' not in exchange.body:
            await exchange.answer(ANSWER, headers="content-type: application/json\r\n")
            return
        await exchange.stream(CHUNK)
        for _ in range(3):
            await moments.pass_by(4)
            await exchange.send(b"%x\r\n%s\r\n" % (len(CHUNK), CHUNK))
        await exchange.send(b"%x\r\n%s\r\n" % (len(END), END))
        await moments.pass_by(3)
        await exchange.send(b"0\r\n\r\n")

    async def attempt(gateway: ProviderGateway) -> None:
        stream = gateway.open(make_call(streaming=moments.chance(0.7)))
        try:
            while True:
                if ends(await stream.receive()):
                    outcomes["complete"] += 1
                    return
                if moments.chance(0.05):
                    outcomes["closed"] += 1
                    return
        finally:
            await stream.aclose()

    async def work(gateway: ProviderGateway, group: asyncio.TaskGroup) -> None:
        while outcomes["cancelled"] < CANCELLATIONS:
            task = group.create_task(attempt(gateway))
            await moments.pass_by(30)
            task.cancel()
            await asyncio.wait([task])
            outcomes["cancelled"] += task.cancelled()

    async with serve(dawdle) as server:
        gateway = gateway_to(server, max_connections=MAX_CONNECTIONS)
        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(work(gateway, group))

        assert outcomes["complete"] > 100, outcomes
        assert outcomes["closed"] > 10, outcomes
        assert gateway.connections["acme"].in_use == 0
        async with asyncio.timeout(60.0):
            await server.when(lambda: server.open == gateway.connections["acme"].idle)
        assert gateway.connections["acme"].lingering == 0

        await use_every_slot(gateway, make_call)
        await gateway.aclose()
        assert gateway.connections["acme"] == ConnectionCounts(in_use=0, lingering=0, idle=0)
        async with asyncio.timeout(60.0):
            await server.when(lambda: server.open == 0)


async def test_each_moment_of_an_attempt_can_be_cancelled(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """A sweep: the attempt is cancelled after one turn of the loop, after two, and so on."""

    async def answer(exchange: Exchange) -> None:
        await exchange.stream(CHUNK)
        await asyncio.sleep(0)
        await exchange.send(b"%x\r\n%s\r\n" % (len(END), END))
        await asyncio.sleep(0)
        await exchange.send(b"0\r\n\r\n")

    async def attempt(gateway: ProviderGateway) -> None:
        stream = gateway.open(make_call())
        try:
            while not ends(await stream.receive()):
                pass
        finally:
            await stream.aclose()

    async with serve(answer) as server:
        for reused in (False, True):
            for turns in range(30):
                gateway = gateway_to(server)
                if reused:
                    warm = gateway.open(make_call())
                    while not ends(await warm.receive()):
                        pass
                    await warm.aclose()
                async with asyncio.TaskGroup() as group:
                    task = group.create_task(attempt(gateway))
                    for _ in range(turns):
                        await asyncio.sleep(0)
                    task.cancel()

                assert gateway.connections["acme"].in_use == 0, (reused, turns)
                await gateway.aclose()
                async with asyncio.timeout(60.0):
                    await server.when(lambda: server.open == 0)
