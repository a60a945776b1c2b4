"""TLS records that no request asked for: data close an idle connection, session tickets do not."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from tests.integration.providers.test_transports import ANSWER, EVENTS, read, until

from routersvc.providers.http.idle_sockets import has_unread_bytes, is_silent

if TYPE_CHECKING:
    from tests.integration.providers.conftest import MakeCall, MakeGateway

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
RESPONSE = HEAD % len(ANSWER) + ANSWER
STRAY = HEAD % len(ANSWER) + ANSWER.replace(b"Hi", b"No")
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


class TlsLine(asyncio.Protocol):
    """A server's end of a connection whose records leave when a test says so.

    With TLS 1.3, the session tickets are ready once the handshake is done; they are held back.
    """

    def __init__(self, context: ssl.SSLContext, server: TlsServer) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._server = server
        self._socket: asyncio.Transport | None = None
        self.is_shaken = False
        self._request = b""
        self.tickets = b""
        self.requests = 0
        self.is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Join the lines of the server."""
        self._socket = cast("asyncio.Transport", transport)
        self._server.lines.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Record that the client has gone."""
        del exc
        self.is_lost = True

    def data_received(self, data: bytes) -> None:
        """Take records: the handshake first, then requests."""
        self._incoming.write(data)
        with contextlib.suppress(ssl.SSLWantReadError):
            if not self.is_shaken:
                try:
                    self._tls.do_handshake()
                except ssl.SSLWantReadError:
                    self.send(self._outgoing.read())
                    raise
                self.is_shaken = True
                waiting = self._outgoing.read()
                if self.version == "TLSv1.3":
                    self.tickets = waiting
                else:
                    self.send(waiting)
            while True:
                self._request += self._tls.read(65_536)
                head, _, body = self._request.partition(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                if len(body) == length:
                    self._request = b""
                    self.requests += 1
                    self._server.answer(self)

    @property
    def version(self) -> str | None:
        """The version of TLS that the handshake has chosen."""
        return self._tls.version()

    def encrypted(self, data: bytes) -> bytes:
        """Return the records that carry data."""
        self._tls.write(data)
        return self._outgoing.read()

    def send(self, records: bytes) -> None:
        """Send records as they are."""
        assert self._socket is not None
        self._socket.write(records)

    def send_tickets(self) -> None:
        """Send the session tickets, which precede all data."""
        self.send(self.tickets)
        self.tickets = b""

    def respond(self) -> None:
        """Send the response, after the tickets."""
        self.send_tickets()
        self.send(self.encrypted(RESPONSE))


class TlsServer:
    """A server that answers a request as a test says."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.answer: Callable[[TlsLine], None] = TlsLine.respond
        self.lines: list[TlsLine] = []
        self.port = 0
        self._context = context

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncGenerator[TlsServer]:
        """Serve on a free port of this machine."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: TlsLine(self._context, self), "127.0.0.1", 0)
        async with server:
            self.port = server.sockets[0].getsockname()[1]
            yield self


@pytest.fixture(params=VERSIONS, ids=lambda version: version.name)
async def tls_server(
    request: pytest.FixtureRequest, certificate: tuple[Path, Path]
) -> AsyncGenerator[TlsServer]:
    """A running server of one version of TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    context.minimum_version = context.maximum_version = request.param
    async with TlsServer(context).running() as server:
        yield server


async def test_late_response_closes_an_idle_tls_connection(
    tls_server: TlsServer,
    gateway_to: MakeGateway,
    make_call: MakeCall,
    certificate: tuple[Path, Path],
) -> None:
    """It is the answer of no request, encrypted or not."""
    gateway = gateway_to(tls_server, scheme="https", ca_file=str(certificate[0]))
    assert await read(gateway.open(make_call(streaming=False))) == EVENTS
    line = tls_server.lines[0]

    line.send(line.encrypted(STRAY))
    await until(lambda: line.is_lost)

    assert gateway.connections["acme"].idle == 0
    assert await read(gateway.open(make_call(streaming=False))) == EVENTS
    assert [line.requests for line in tls_server.lines] == [1, 1]


async def test_late_response_that_waits_unread_is_nobodys_answer(
    tls_server: TlsServer,
    gateway_to: MakeGateway,
    make_call: MakeCall,
    certificate: tuple[Path, Path],
) -> None:
    """The loop has not decrypted it when the next request comes."""
    gateway = gateway_to(tls_server, scheme="https", ca_file=str(certificate[0]))
    assert await read(gateway.open(make_call(streaming=False))) == EVENTS
    line = tls_server.lines[0]

    line.send(line.encrypted(STRAY))

    assert await read(gateway.open(make_call(streaming=False))) == EVENTS
    assert [line.requests for line in tls_server.lines] == [1, 1]


async def test_session_tickets_keep_the_connection(
    tls_server: TlsServer,
    gateway_to: MakeGateway,
    make_call: MakeCall,
    certificate: tuple[Path, Path],
) -> None:
    """They come after the handshake, while the request waits for its response."""
    waiting: list[TlsLine] = []
    tls_server.answer = waiting.append
    gateway = gateway_to(tls_server, scheme="https", ca_file=str(certificate[0]))
    async with asyncio.TaskGroup() as group:
        first = group.create_task(read(gateway.open(make_call(streaming=False))))
        await until(lambda: bool(waiting))
        line = waiting[0]
        assert bool(line.tickets) is (line.version == "TLSv1.3")
        line.send_tickets()
        for _ in range(20):
            await asyncio.sleep(0)
        assert not first.done()
        line.respond()
    tls_server.answer = TlsLine.respond

    assert first.result() == EVENTS
    assert await read(gateway.open(make_call(streaming=False))) == EVENTS
    assert [line.requests for line in tls_server.lines] == [2]


class Received(asyncio.Protocol):
    """A client's connection, and the data that came on it."""

    def __init__(self) -> None:
        self.data = b""

    def data_received(self, data: bytes) -> None:
        """Keep the data."""
        self.data += data


async def test_session_tickets_that_wait_unread_are_no_data(
    tls_server: TlsServer, certificate: tuple[Path, Path]
) -> None:
    """On an idle connection, the socket is readable and yet nothing has come that counts."""
    loop = asyncio.get_running_loop()
    context = ssl.create_default_context(cafile=str(certificate[0]))
    transport, protocol = await loop.create_connection(
        Received, "127.0.0.1", tls_server.port, ssl=context
    )
    try:
        await until(lambda: bool(tls_server.lines))
        line = tls_server.lines[0]
        await until(lambda: line.is_shaken)
        tickets = bool(line.tickets)
        line.send_tickets()
        assert has_unread_bytes(transport) is tickets

        assert await is_silent(transport)
        assert protocol.data == b""

        line.send(line.encrypted(b"x"))
        assert has_unread_bytes(transport)
        # What comes is for the protocol to judge: a pool's closes the connection.
        assert await is_silent(transport)
        assert protocol.data == b"x"
    finally:
        transport.abort()
