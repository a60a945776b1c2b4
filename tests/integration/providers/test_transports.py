"""Attempts over real sockets: connections are used again, broken off, refused and counted."""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import pytest

from routersvc.domain.conversation.answers import AnswerEvent, Finished, Started
from routersvc.domain.conversation.deltas import TextDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.providers.http.attempts import HttpAttempt
from routersvc.providers.http.transports import ConnectionCounts, TransportOptions

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.providers.conftest import Exchange, MakeCall, MakeGateway, Serve

STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
CHUNK = b'data: {"id": "r-1", "model": "m-1", "choices": [{"delta": {"content": "Hi"}}]}\n\n'
END = b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
LAST_CHUNK = b"0\r\n\r\n"
ANSWER = json.dumps(
    {
        "id": "r-1",
        "model": "m-1",
        "choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}],
    }
).encode()
JSON_HEADER = "content-type: application/json\r\n"
EVENTS = [
    Started(model_version="m-1", response_id="r-1"),
    TextDelta(text="Hi"),
    Finished(reason=FinishReason.STOP, model_version="m-1", response_id="r-1"),
]
NOTHING = ConnectionCounts(in_use=0, lingering=0, idle=0)


def chunked(data: bytes) -> bytes:
    """Return one chunk of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


async def answer(exchange: Exchange) -> None:
    """Answer at once, with a stream where one is asked for."""
    if b'"stream":true' in exchange.body:
        await exchange.stream(CHUNK, END)
        await exchange.send(LAST_CHUNK)
    else:
        await exchange.answer(ANSWER, headers=JSON_HEADER)


async def read(attempt: HttpAttempt) -> list[AnswerEvent]:
    """Return all events of an attempt and close it."""
    events: list[AnswerEvent] = []
    try:
        while not (events and isinstance(events[-1], Finished)):
            events.extend(await attempt.receive())
    finally:
        await attempt.aclose()
    return events


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until a condition holds of which nobody gives notice."""
    async with asyncio.timeout(60.0):
        while not condition():  # noqa: ASYNC110 - nobody gives notice
            await asyncio.sleep(0)


async def failure(attempt: HttpAttempt) -> Failure:
    """Return how an attempt fails."""
    with pytest.raises(AttemptFailedError) as failed:
        await read(attempt)
    return failed.value.failure


@pytest.mark.parametrize("streaming", [False, True], ids=["unary", "stream"])
async def test_connection_is_used_again(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall, *, streaming: bool
) -> None:
    """A handshake costs more than the router may cost."""
    async with serve(answer) as server:
        gateway = gateway_to(server)

        for _ in range(3):
            assert await read(gateway.open(make_call(streaming=streaming))) == EVENTS

        assert server.accepted == 1
        assert [exchange.number for exchange in server.exchanges] == [1, 2, 3]
        assert gateway.connections == {"acme": ConnectionCounts(in_use=0, lingering=0, idle=1)}


async def test_request_on_the_wire(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """No header that nobody asked for, and one of each."""
    async with serve(answer) as server:
        await read(gateway_to(server).open(make_call(headers={"traceparent": "00-ab-cd-01"})))

        lines = server.exchanges[0].head.removesuffix("\r\n\r\n").split("\r\n")

    assert lines[0] == "POST /v1/chat/completions HTTP/1.1"
    assert sorted(line.lower() for line in lines[1:]) == [
        "accept-encoding: identity",
        "accept: text/event-stream",
        "authorization: bearer sk-1",
        f"content-length: {len(server.exchanges[0].body)}",
        "content-type: application/json",
        f"host: 127.0.0.1:{server.port}",
        "traceparent: 00-ab-cd-01",
        "user-agent: routersvc",
    ]


async def test_connection_whose_end_comes_late_is_used_again(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """Many servers write the end of the body after the last event, in a packet of its own."""
    release = asyncio.Event()

    async def late(exchange: Exchange) -> None:
        await exchange.stream(CHUNK, END)
        await release.wait()
        await exchange.send(LAST_CHUNK)

    async with serve(late) as server:
        gateway = gateway_to(server)

        assert await read(gateway.open(make_call())) == EVENTS
        assert gateway.connections["acme"] == ConnectionCounts(in_use=0, lingering=1, idle=0)
        release.set()
        await until(lambda: gateway.connections["acme"].idle == 1)
        await read(gateway.open(make_call()))

        assert server.accepted == 1


async def test_connection_whose_end_never_comes_is_broken_off(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """The answer was complete; the socket must not be kept for ever."""

    async def endless(exchange: Exchange) -> None:
        await exchange.stream(CHUNK, END)
        await exchange.hang_up()

    async with serve(endless) as server:
        gateway = gateway_to(server)

        assert await read(gateway.open(make_call())) == EVENTS
        async with asyncio.timeout(60.0):
            await server.when(lambda: server.open == 0)

        assert gateway.connections == {"acme": NOTHING}


async def test_leaving_in_the_middle_hangs_up_at_once(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """A provider that goes on generating goes on billing."""

    async def stall(exchange: Exchange) -> None:
        await exchange.stream(CHUNK)
        await exchange.hang_up()

    async with serve(stall) as server:
        gateway = gateway_to(server)
        attempt = gateway.open(make_call())
        await attempt.receive()
        assert gateway.connections["acme"].in_use == 1

        await attempt.aclose()

        assert gateway.connections == {"acme": NOTHING}
        async with asyncio.timeout(60.0):
            await server.when(lambda: server.open == 0)


async def test_leaving_late_does_not_hang_up_on_another_attempt(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """A connection whose answer has come whole serves the next attempt, read or not."""
    go_on = asyncio.Event()

    async def in_two_steps(exchange: Exchange) -> None:
        await exchange.stream(CHUNK)
        await go_on.wait()
        await exchange.send(b"%x\r\n%s\r\n" % (len(END), END) + LAST_CHUNK)

    async with serve(in_two_steps) as server:
        gateway = gateway_to(server)
        first, second = gateway.open(make_call()), gateway.open(make_call())
        await first.receive()
        go_on.set()
        await until(lambda: gateway.connections["acme"].idle == 1)
        go_on.clear()
        await second.receive()
        assert [exchange.connection for exchange in server.exchanges] == [1, 1]

        await first.aclose()
        go_on.set()

        assert list(await second.receive()) == EVENTS[2:]
        await second.aclose()


async def test_further_request_is_refused_when_all_connections_are_in_use(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """It goes elsewhere at once instead of queueing where nobody sees it."""

    async def stall(exchange: Exchange) -> None:
        await exchange.stream(CHUNK)
        await exchange.hang_up()

    async with serve(stall) as server:
        gateway = gateway_to(server, max_connections=2)
        attempts = [gateway.open(make_call()) for _ in range(2)]
        for attempt in attempts:
            await attempt.receive()

        refused = await failure(gateway.open(make_call()))

        assert refused.failure_class is FailureClass.LOCAL_LIMIT
        await attempts[0].aclose()
        again = gateway.open(make_call())
        assert list(await again.receive()) == EVENTS[:2]
        await again.aclose()
        await attempts[1].aclose()
        assert gateway.connections == {"acme": NOTHING}


async def test_nobody_listens(serve: Serve, gateway_to: MakeGateway, make_call: MakeCall) -> None:
    """Nothing was sent, so that anything may be tried next."""
    async with serve(answer) as server:
        gateway = gateway_to(server)

    refused = await failure(gateway.open(make_call()))

    assert refused.failure_class is FailureClass.CONNECT
    assert not refused.connection_was_idle
    assert gateway.connections == {"acme": NOTHING}


async def test_handshake_that_does_not_end_is_given_up(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """The time to connect covers TLS too."""
    async with serve(answer) as server:
        gateway = gateway_to(server, scheme="https")

        late = await failure(gateway.open(make_call(connect_timeout=0.05)))

        assert late.failure_class is FailureClass.CONNECT
        assert gateway.connections == {"acme": NOTHING}


async def test_reset_before_a_response(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """A new connection that breaks is the provider's failure."""

    async def reset(exchange: Exchange) -> None:
        exchange.reset()

    async with serve(reset) as server:
        broken = await failure(gateway_to(server).open(make_call()))

    assert broken.failure_class is FailureClass.RESET
    assert not broken.connection_was_idle


async def test_reset_of_an_idle_connection_is_told_apart(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """The provider closed it while it was idle: the same deployment may be tried again."""

    async def once(exchange: Exchange) -> None:
        if exchange.number == 1:
            await answer(exchange)
        else:
            exchange.reset()

    async with serve(once) as server:
        gateway = gateway_to(server)
        await read(gateway.open(make_call()))

        broken = await failure(gateway.open(make_call()))

    assert broken.failure_class is FailureClass.RESET
    assert broken.connection_was_idle


async def test_redirect_is_not_followed(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """It would carry the credential and the prompt to wherever it points."""

    async def redirect(exchange: Exchange) -> None:
        port = exchange.head.partition("127.0.0.1:")[2].partition("\r")[0]
        location = f"location: http://127.0.0.1:{port}/elsewhere\r\n"
        await exchange.answer(b"", status="302 Found", headers=location)

    async with serve(redirect) as server:
        gateway = gateway_to(server)

        moved = await failure(gateway.open(make_call()))

        assert (moved.failure_class, moved.http_status) == (FailureClass.SERVER_ERROR, 302)
        assert len(server.exchanges) == 1


async def test_cookies_are_not_kept(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """One tenant's request must not carry what another's response said."""

    async def cookie(exchange: Exchange) -> None:
        await exchange.answer(ANSWER, headers=JSON_HEADER + "set-cookie: session=1; path=/\r\n")

    async with serve(cookie) as server:
        gateway = gateway_to(server, host="localhost")
        for _ in range(2):
            await read(gateway.open(make_call(streaming=False)))

        assert len(server.exchanges) == 2
        assert all("cookie" not in exchange.head.lower() for exchange in server.exchanges)


@pytest.mark.parametrize("content", [True, False], ids=["after content", "before content"])
async def test_stream_that_is_cut_is_no_success(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall, *, content: bool
) -> None:
    """Even when the cut looks like an orderly end of the connection."""

    async def cut(exchange: Exchange) -> None:
        await exchange.stream(CHUNK if content else b": keep-alive\n\n")
        exchange.writer.close()

    async with serve(cut) as server:
        gateway = gateway_to(server)

        broken = await failure(gateway.open(make_call()))

        expected = FailureClass.TRUNCATED if content else FailureClass.RESET
        assert broken.failure_class is expected
        assert gateway.connections == {"acme": NOTHING}


async def test_body_that_is_shorter_than_promised_is_no_success(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """Whatever JSON it happens to hold."""

    async def short(exchange: Exchange) -> None:
        head = f"HTTP/1.1 200 OK\r\n{JSON_HEADER}content-length: {len(ANSWER) + 1}\r\n\r\n"
        await exchange.send(head.encode() + ANSWER)
        exchange.writer.close()

    async with serve(short) as server:
        broken = await failure(gateway_to(server).open(make_call(streaming=False)))

    assert broken.failure_class is FailureClass.RESET


async def test_response_that_is_not_http_is_a_failure(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """A wrong port, or a broken proxy."""

    async def garbage(exchange: Exchange) -> None:
        await exchange.send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
        await exchange.hang_up()

    async with serve(garbage) as server:
        gateway = gateway_to(server)

        broken = await failure(gateway.open(make_call()))

        assert broken.failure_class is FailureClass.SERVER_ERROR
        assert gateway.connections == {"acme": NOTHING}


@pytest.mark.parametrize("together", [True, False], ids=["in one piece", "alone"])
async def test_garbage_between_chunks_is_noticed_at_once(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall, *, together: bool
) -> None:
    """Nobody waits for more of a body that cannot be read; what came before is handed on."""
    go_on = asyncio.Event()

    async def garbage(exchange: Exchange) -> None:
        await exchange.stream(CHUNK)
        await go_on.wait()
        await exchange.send((chunked(CHUNK) if together else b"") + b"nonsense\r\n")
        await exchange.hang_up()

    async with serve(garbage) as server:
        gateway = gateway_to(server)
        attempt = gateway.open(make_call())

        assert list(await attempt.receive()) == EVENTS[:2]
        go_on.set()
        if together:
            assert list(await attempt.receive()) == EVENTS[1:2]
        broken = await failure(attempt)

        assert broken.failure_class is FailureClass.TRUNCATED
        assert gateway.connections == {"acme": NOTHING}


async def test_garbage_behind_a_complete_answer_takes_nothing_away(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """Its connection is not used again."""
    go_on = asyncio.Event()

    async def garbage(exchange: Exchange) -> None:
        await exchange.stream(CHUNK)
        await go_on.wait()
        await exchange.send(chunked(END) + b"nonsense\r\n")
        await exchange.hang_up()

    async with serve(garbage) as server:
        gateway = gateway_to(server)
        attempt = gateway.open(make_call())

        assert list(await attempt.receive()) == EVENTS[:2]
        go_on.set()
        assert list(await attempt.receive()) == EVENTS[2:]
        await attempt.aclose()
        await server.when(lambda: server.open == 0)
        assert gateway.connections == {"acme": NOTHING}


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\nx-long: " + b"x" * 50_000 + b"\r\n\r\n",
        STREAM_HEAD.replace(b"\r\n\r\n", b"\r\ncontent-encoding: gzip\r\n\r\n") + chunked(CHUNK),
        STREAM_HEAD + b"nonsense\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
    ],
    ids=["long header", "no gzip", "no chunk", "no status"],
)
async def test_unreadable_response_is_a_failure_of_the_server(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall, response: bytes
) -> None:
    """On a connection that was idle too: it is not stale, and no free retry is due."""

    async def unreadable(exchange: Exchange) -> None:
        if exchange.number == 1:
            await answer(exchange)
            return
        await exchange.send(response)
        await exchange.hang_up()

    async with serve(unreadable) as server:
        gateway = gateway_to(server)
        await read(gateway.open(make_call()))
        await until(lambda: gateway.connections["acme"].idle == 1)

        broken = await failure(gateway.open(make_call()))

        assert broken.failure_class is FailureClass.SERVER_ERROR
        assert not broken.connection_was_idle
        assert gateway.connections == {"acme": NOTHING}


async def test_compressed_answer_is_read(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """Some gateways compress although nobody asked them to."""

    async def compressed(exchange: Exchange) -> None:
        headers = JSON_HEADER + "content-encoding: gzip\r\n"
        await exchange.answer(gzip.compress(ANSWER, mtime=0), headers=headers)

    async with serve(compressed) as server:
        gateway = gateway_to(server)

        assert await read(gateway.open(make_call(streaming=False))) == EVENTS
        assert gateway.connections["acme"].idle == 1


async def test_large_prompt_is_sent_whole(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """Pictures make requests of megabytes."""
    text = "x" * 3_000_000

    async with serve(answer) as server:
        assert await read(gateway_to(server).open(make_call(text=text))) == EVENTS

        assert json.loads(server.exchanges[0].body)["messages"][0]["content"] == text


async def test_slow_reader_stops_the_provider(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """What nobody reads must pile up at the provider and not here."""
    sent = 0

    async def flood(exchange: Exchange) -> None:
        nonlocal sent
        await exchange.stream(CHUNK)
        while sent < 100_000_000:
            await exchange.send(b"10000\r\n" + b":" * 0xFFFF + b"\n\r\n")
            if exchange.writer.is_closing():
                return
            sent += 0x10000

    async with serve(flood) as server:
        attempt = gateway_to(server).open(make_call())
        await attempt.receive()
        before = -1
        while before < sent:
            before = sent
            for _ in range(200):
                await asyncio.sleep(0)
        await attempt.aclose()

    assert sent < 30_000_000


async def test_closing_the_gateway_ends_what_runs(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """A drain that has lasted long enough leaves no socket behind."""

    async def stall(exchange: Exchange) -> None:
        if b"silence" not in exchange.body:
            await exchange.stream(CHUNK)
        await exchange.hang_up()

    async with serve(stall) as server:
        gateway = gateway_to(server)
        attempt = gateway.open(make_call())
        await attempt.receive()

        async with asyncio.TaskGroup() as group:
            reading = group.create_task(failure(attempt))
            sending = group.create_task(failure(gateway.open(make_call(text="silence"))))
            await server.when(lambda: len(server.exchanges) == 2)
            await gateway.aclose()

        assert reading.result().failure_class is FailureClass.TRUNCATED
        assert sending.result().failure_class is FailureClass.RESET
        assert gateway.connections == {"acme": NOTHING}
        async with asyncio.timeout(60.0):
            await server.when(lambda: server.open == 0)
        assert (await failure(gateway.open(make_call()))).failure_class is FailureClass.LOCAL_LIMIT


async def test_probe_over_a_socket(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """It gives its connection back, so that the first real attempt finds one."""

    async def models(exchange: Exchange) -> None:
        if exchange.head.startswith("GET /v1/models "):
            await exchange.answer(b'{"data": []}', headers=JSON_HEADER)
        else:
            await answer(exchange)

    async with serve(models) as server:
        gateway = gateway_to(server)

        await gateway.probe(make_call().deployment, connect_timeout=60.0)

        assert gateway.connections["acme"] == ConnectionCounts(in_use=0, lingering=0, idle=1)
        assert await read(gateway.open(make_call())) == EVENTS
        assert server.accepted == 1


async def test_tls_is_verified_against_the_authorities_that_are_given(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall, certificate: tuple[Path, Path]
) -> None:
    """Self-hosted servers have certificates of their own; nobody else's are trusted."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)

    async with serve(answer, context) as server:
        stranger = gateway_to(server, scheme="https")
        trusting = gateway_to(server, scheme="https", ca_file=str(certificate[0]))
        careless = gateway_to(server, scheme="https", verify_tls=False)

        assert (await failure(stranger.open(make_call()))).failure_class is FailureClass.CONNECT
        assert await read(trusting.open(make_call())) == EVENTS
        assert await read(careless.open(make_call())) == EVENTS


async def test_cancelled_attempt_over_tls_hangs_up_without_a_farewell(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall, certificate: tuple[Path, Path]
) -> None:
    """A provider that does not read would keep an orderly shutdown waiting."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    silent = asyncio.Event()
    paused: list[asyncio.Transport] = []

    async def silence(exchange: Exchange) -> None:
        transport = cast("asyncio.Transport", exchange.writer.transport)
        transport.pause_reading()
        paused.append(transport)
        silent.set()
        await asyncio.Event().wait()

    async with serve(silence, context) as server:
        gateway = gateway_to(server, scheme="https", verify_tls=False)
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(read(gateway.open(make_call())))
            await silent.wait()
            reading.cancel()

        assert reading.cancelled()
        assert gateway.connections == {"acme": NOTHING}
        paused[0].resume_reading()
        await until(paused[0].is_closing)


@pytest.mark.parametrize("limits", [{"max_connections": 0}, {"keep_alive": 0.0}])
def test_limits_are_checked(limits: dict[str, float]) -> None:
    """Zero means something else to every library."""
    with pytest.raises(ValueError, match=next(iter(limits))):
        TransportOptions(**limits)  # type: ignore[arg-type]
