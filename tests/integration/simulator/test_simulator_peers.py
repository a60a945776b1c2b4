"""Broken peers on the wire: pages, dying connections, framing, and answers without end."""

from __future__ import annotations

import asyncio
import email.utils
from typing import TYPE_CHECKING

import aiohttp
import pytest
from tests.integration.simulator.conftest import KEY

from routersvc.simulator import (
    BrokenChunking,
    Drip,
    Effect,
    Endless,
    Fault,
    MissingTerminator,
    Outcome,
    Page,
    Problem,
    RefusedPrefill,
    SimulatedProvider,
    Simulator,
    StaleConnection,
    Stall,
    Status,
    WrongEncoding,
)

if TYPE_CHECKING:
    from tests.integration.simulator.conftest import Ask, Connect


@pytest.mark.parametrize(("status", "plain"), [(404, True), (403, False), (200, False)])
async def test_a_page_comes_instead_of_an_answer(
    ask_struck: Ask, status: int, *, plain: bool
) -> None:
    """With any status, as HTML or as text."""
    answer = await ask_struck(Page(status=status, plain=plain))

    assert answer.status == status
    assert answer.headers["content-type"] == ("text/plain" if plain else "text/html")
    assert answer.body.startswith(b"404 Error\n" if plain else b"<!DOCTYPE html>")


async def test_a_prefill_is_refused(alpha: SimulatedProvider, ask_struck: Ask) -> None:
    """Without one the request is answered."""
    prefilled = [{"role": "user", "content": "Count"}, {"role": "assistant", "content": "One,"}]

    refused = await ask_struck(RefusedPrefill(), messages=prefilled)

    assert refused.status == 400
    assert b"prefill" in refused.body
    assert alpha.log[-1].outcome is Outcome.FAULT_ANSWERED


async def test_a_time_to_wait_lies_in_the_past(ask_struck: Ask) -> None:
    """As a date, without the vendor's other headers."""
    answer = await ask_struck(Status(problem=Problem.RATE_LIMIT, retry_after=-3600))

    date = email.utils.parsedate_to_datetime(answer.headers["retry-after"])
    assert (
        date - email.utils.parsedate_to_datetime(answer.headers["date"])
    ).total_seconds() < -3000
    assert "retry-after-ms" not in answer.headers


async def test_a_stream_without_finish_reason_ends_in_order(ask_struck: Ask) -> None:
    """All the content came."""
    answer = await ask_struck(MissingTerminator(finish_reason=False), stream=True)

    assert sum('"content":' in event for event in answer.events) >= 8
    assert not any('"finish_reason":"' in event for event in answer.events)
    assert answer.chunks[-1] == b""


@pytest.mark.parametrize("finish_reason", [True, False])
async def test_a_finished_stream_stays_open(
    alpha: SimulatedProvider, connect: Connect, *, finish_reason: bool
) -> None:
    """Neither the terminator nor the end of the body comes."""
    alpha.inject(Fault(effect=MissingTerminator(finish_reason=finish_reason, left_open=True)))
    async with connect() as raw:
        await raw.ask(stream=True)
        received = await raw.receive_until(b'"content":', times=8)
        if finish_reason:
            received += (
                await raw.receive_until(b'"finish_reason":"')
                if (b'"finish_reason":"' not in received)
                else b""
            )
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await raw.receive()
        assert b"[DONE]" not in received
    await alpha.settled()

    assert alpha.log[-1].outcome is Outcome.CLIENT_HUNG_UP


@pytest.mark.parametrize("stream", [False, True])
async def test_chunking_breaks_and_the_connection_stays(
    alpha: SimulatedProvider, connect: Connect, *, stream: bool
) -> None:
    """A client that waits for a valid chunk waits for ever."""
    alpha.inject(Fault(effect=BrokenChunking(after_tokens=2)))
    async with connect() as raw:
        await raw.ask(stream=stream)
        received = await raw.receive_until(b"not a chunk\r\n")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await raw.receive()

    assert b"transfer-encoding: chunked" in received


@pytest.mark.parametrize("stream", [False, True])
async def test_an_encoding_is_announced_that_is_none(ask_struck: Ask, *, stream: bool) -> None:
    """The body is plain."""
    answer = await ask_struck(WrongEncoding(), stream=stream)

    assert answer.headers["content-encoding"] == "gzip"
    assert b'"content":' in answer.body


@pytest.mark.parametrize(
    ("effect", "stream", "mark"),
    [
        (Drip(interval=0.02), True, b'"delta":{"content"'),
        (Drip(interval=0.001), False, b'"usage"'),
        (Endless(interval=0.001), True, b'"delta":{"content"'),
    ],
)
async def test_answers_that_drip_or_never_end(
    alpha: SimulatedProvider, connect: Connect, effect: Effect, mark: bytes, *, stream: bool
) -> None:
    """A drip comes to its end, an endless answer does not."""
    alpha.inject(Fault(effect=effect))
    async with connect() as raw:
        await raw.ask(stream=stream, max_completion_tokens=8)
        if isinstance(effect, Endless):
            await raw.receive_until(mark, times=40)
        else:
            answer = await raw.answer()
            assert mark in answer.body
    await alpha.settled()

    record = alpha.log[-1]
    if isinstance(effect, Endless):
        assert record.outcome is Outcome.CLIENT_HUNG_UP
        assert record.tokens_sent > 30
    else:
        assert record.outcome is Outcome.COMPLETED


async def test_a_kept_connection_is_stale(alpha: SimulatedProvider) -> None:
    """The second request on a connection finds it closed."""
    alpha.inject(Fault(effect=StaleConnection()))
    body = {"model": "sim-large", "messages": [{"role": "user", "content": "Hello"}]}
    async with aiohttp.ClientSession(headers={"authorization": f"Bearer {KEY}"}) as session:
        for expected in (Outcome.COMPLETED, Outcome.ABORTED_BY_FAULT, Outcome.COMPLETED):
            # aiohttp repeats idempotent requests only, so that a POST shows the closed connection.
            try:
                async with session.post(f"{alpha.base_url}/chat/completions", json=body) as answer:
                    assert answer.status == 200
                    await answer.read()
            except aiohttp.ServerDisconnectedError:
                assert expected is Outcome.ABORTED_BY_FAULT
            await alpha.settled()
            assert alpha.log[-1].outcome is expected


async def test_all_running_answers_are_cut_at_once(
    simulator: Simulator, alpha: SimulatedProvider, connect: Connect
) -> None:
    """Calls without an answer keep the connection."""
    alpha.inject(Fault(effect=Stall(after_tokens=2), streaming=True))
    async with connect() as first, connect() as second, connect() as waiting:
        for raw in (first, second):
            await raw.ask(stream=True)
            await raw.receive_until(b'"delta":{"content"')
        alpha.clear_faults()
        alpha.inject(Fault(effect=Stall(), delay=600))
        await waiting.ask()
        await alpha.when(lambda activity: activity.requests_in_flight == 3)

        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{simulator.control_url}/providers/alpha/cut") as reply,
        ):
            assert await reply.json() == {"cut": 2}

        await alpha.when(lambda activity: activity.requests_in_flight == 1)
        for raw in (first, second):
            assert (await raw.answer()).reset

    await alpha.settled()
    outcomes = [record.outcome for record in alpha.log]
    assert outcomes == [*[Outcome.ABORTED_BY_FAULT] * 2, Outcome.CLIENT_HUNG_UP]
