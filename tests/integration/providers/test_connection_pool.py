"""What ends a connection, and what may never pass from one request to another."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import TYPE_CHECKING

import pytest
from tests.integration.providers.test_transports import (
    ANSWER,
    EVENTS,
    JSON_HEADER,
    answer,
    failure,
    read,
)

from routersvc.domain.conversation.deltas import TextDelta
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.providers.http.transports import MAX_INTERIM_ANSWERS, ProxyAddress

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.providers.conftest import Exchange, MakeCall, MakeGateway, Serve

STRAY = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
    len(ANSWER),
    ANSWER.replace(b"Hi", b"No"),
)
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize("size", [1, 12, len(STRAY) - 1, len(STRAY)])
async def test_late_bytes_close_an_idle_connection(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall, size: int
) -> None:
    """A second response, or a part of one, is the answer of no request."""
    async with serve(answer) as server:
        gateway = gateway_to(server)
        await read(gateway.open(make_call(streaming=False)))

        await server.exchanges[0].send(STRAY[:size])
        await server.when(lambda: server.open == 0)

        assert await read(gateway.open(make_call(streaming=False))) == EVENTS
        assert server.accepted == 2


async def test_bytes_that_wait_unread_close_a_connection_that_is_taken_from_the_pool(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """The loop has not read them when the next request comes."""
    async with serve(answer) as server:
        gateway = gateway_to(server)
        await read(gateway.open(make_call(streaming=False)))

        server.exchanges[0].writer.write(STRAY)

        assert await read(gateway.open(make_call(streaming=False))) == EVENTS
        assert server.accepted == 2


async def test_second_response_behind_the_first_closes_the_connection(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """Also where both come in one packet."""

    async def twice(exchange: Exchange) -> None:
        head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(ANSWER)}\r\n{JSON_HEADER}\r\n"
        await exchange.send(head.encode() + ANSWER + STRAY)

    async with serve(twice) as server:
        gateway = gateway_to(server)

        for _ in range(3):
            assert await read(gateway.open(make_call(streaming=False))) == EVENTS

        assert server.accepted == 3


async def test_connection_of_maximum_age_is_not_used_again(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """A pool that is always busy follows a change of DNS as well."""
    async with serve(answer) as server:
        gateway = gateway_to(server, max_age=1e-300)

        for _ in range(3):
            await read(gateway.open(make_call()))

        assert server.accepted == 3


async def test_interim_answers_precede_an_answer(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """Some servers send `100 Continue` or `103 Early Hints`."""

    async def early(exchange: Exchange) -> None:
        await exchange.send(INTERIM * MAX_INTERIM_ANSWERS)
        await answer(exchange)

    async with serve(early) as server:
        gateway = gateway_to(server)

        for _ in range(2):
            assert await read(gateway.open(make_call())) == EVENTS


async def test_interim_answers_without_end_are_a_failure(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """The answer never comes; the request goes elsewhere at once."""

    async def endless(exchange: Exchange) -> None:
        await exchange.send(INTERIM * (MAX_INTERIM_ANSWERS + 1))
        await exchange.hang_up()

    async with serve(endless) as server:
        failed = await failure(gateway_to(server).open(make_call()))

    assert failed.failure_class is FailureClass.SERVER_ERROR


async def test_fast_stream_lets_others_have_their_turn(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """Between two pieces of an answer that has come already, the loop turns."""
    chunk = b'data: {"id": "r", "model": "m", "choices": [{"delta": {"content": "x"}}]}\n\n'

    async def flood(exchange: Exchange) -> None:
        await exchange.stream(chunk * 10_000)
        await exchange.hang_up()

    turns = most = tokens = 0

    def count() -> None:
        nonlocal turns
        turns += 1
        loop.call_soon(count)

    loop = asyncio.get_running_loop()
    async with serve(flood) as server:
        attempt = gateway_to(server).open(make_call())
        loop.call_soon(count)
        while tokens < 10_000:
            before = turns
            events = await attempt.receive()
            assert turns > before
            arrived = sum(len(event.text) for event in events if isinstance(event, TextDelta))
            most = max(most, arrived)
            tokens += arrived
        await attempt.aclose()

    assert most < 1_000


async def test_probe_reads_a_bounded_answer(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """A list of models without an end shows that the provider answers, too."""

    async def endless(exchange: Exchange) -> None:
        await exchange.stream()
        while not exchange.writer.is_closing():
            await exchange.send(b"10000\r\n" + b" " * 65_536 + b"\r\n")

    async with serve(endless) as server:
        await gateway_to(server).probe(make_call().deployment, connect_timeout=60.0)
        await server.when(lambda: server.open == 0)


async def test_request_goes_through_the_proxy(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """With the whole URL and the proxy's own credential."""
    async with serve(answer) as proxy, serve(answer) as server:
        address = ProxyAddress(
            url=f"http://127.0.0.1:{proxy.port}", username="me", password="secret"
        )

        assert await read(gateway_to(server, proxy=address).open(make_call())) == EVENTS

        (exchange,) = proxy.exchanges
        assert server.accepted == 0
    assert exchange.head.startswith(
        f"POST http://127.0.0.1:{server.port}/v1/chat/completions HTTP/1.1\r\n"
    )
    assert "\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n" in exchange.head


async def test_refusal_of_a_proxy_is_a_failed_connection(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """It says nothing about the provider's credential."""

    async def refuse(exchange: Exchange) -> None:
        await exchange.answer(b"", status="407 Proxy Authentication Required")

    async with serve(refuse) as proxy, serve(answer) as server:
        address = ProxyAddress(url=f"http://127.0.0.1:{proxy.port}")
        gateway = gateway_to(server, scheme="https", proxy=address)

        failed = await failure(gateway.open(make_call()))

        assert proxy.exchanges[0].head.startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1")
    assert failed.failure_class is FailureClass.CONNECT


async def test_idle_connection_is_closed_after_its_time(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """Before the provider closes it."""
    async with serve(answer) as server:
        gateway = gateway_to(server, keep_alive=0.01)
        for _ in range(2):
            await read(gateway.open(make_call(streaming=False)))
            await server.when(lambda: server.open == 0)

            assert gateway.connections["acme"].idle == 0


async def test_probe_goes_out_once_more_where_an_idle_connection_is_closed(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall
) -> None:
    """It has no effects, and the provider is well."""

    async def once(exchange: Exchange) -> None:
        if exchange.number == 1:
            await exchange.answer(b'{"data": []}', headers=JSON_HEADER)
        else:
            exchange.reset()

    async with serve(once) as server:
        gateway = gateway_to(server)
        for _ in range(2):
            await gateway.probe(make_call().deployment, connect_timeout=60.0)

        assert server.accepted == 2
        assert len(server.exchanges) == 3


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_https_request_passes_the_proxy_in_a_tunnel(
    serve: Serve,
    gateway_to: MakeGateway,
    make_call: MakeCall,
    certificate: tuple[Path, Path],
    scheme: str,
) -> None:
    """The proxy sees the host and its own credential, and no more; the tunnel is used again."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)

    async def relay(exchange: Exchange) -> None:
        port = int(exchange.head.partition("CONNECT 127.0.0.1:")[2].partition(" ")[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await exchange.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(copy(exchange.reader, writer))
                group.create_task(copy(reader, exchange.writer))
        finally:
            writer.close()

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                writer.write(data)
        writer.close()

    proxy_tls = context if scheme == "https" else None
    async with serve(relay, proxy_tls) as proxy, serve(answer, context) as server:
        address = ProxyAddress(
            url=f"{scheme}://127.0.0.1:{proxy.port}", username="me", password="secret"
        )
        gateway = gateway_to(server, scheme="https", ca_file=str(certificate[0]), proxy=address)
        for streaming in (False, True):
            assert await read(gateway.open(make_call(streaming=streaming))) == EVENTS
        await gateway.aclose()

        (exchange,) = proxy.exchanges
        assert exchange.head.startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1\r\n")
        assert "\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n" in exchange.head
        assert "sk-1" not in exchange.head
        assert server.accepted == 1


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 3\r\n\r\nsee",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"",
    ],
    ids=["more than an answer", "refused", "no HTTP", "nothing"],
)
async def test_proxy_that_opens_no_tunnel_is_a_failed_connection(
    serve: Serve, gateway_to: MakeGateway, make_call: MakeCall, response: bytes
) -> None:
    """Nothing of what it says is the answer of the provider, and nothing was sent to that."""

    async def say(exchange: Exchange) -> None:
        await exchange.send(response)
        exchange.writer.close()

    async with serve(say) as proxy, serve(answer) as server:
        address = ProxyAddress(url=f"http://127.0.0.1:{proxy.port}")
        gateway = gateway_to(server, scheme="https", proxy=address)

        failed = await failure(gateway.open(make_call()))

        assert failed.failure_class in {
            FailureClass.CONNECT,
            FailureClass.RESET,
            FailureClass.SERVER_ERROR,
        }
        assert server.accepted == 0
        assert gateway.connections["acme"].in_use == 0
