"""The rig: a server that does to its connections what a test says, and a gateway to it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import importlib
import importlib.util
import shutil
import ssl
import subprocess
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.providers import Provider
from routersvc.domain.catalogue.secrets import Secret
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.conversation.prompts import Prompt
from routersvc.engine.ports import AttemptCall
from routersvc.providers.credentials.authorisations import KeyAuthorisation
from routersvc.providers.formats.openai_chat.vendors import DIALECTS
from routersvc.providers.formats.openai_chat.wire import openai_chat
from routersvc.providers.http.aiohttp_transport import AiohttpTransport
from routersvc.providers.http.connections import ProviderConnection
from routersvc.providers.http.gateway import ProviderGateway
from routersvc.providers.http.http1.transport import Http1Transport
from routersvc.providers.http.transports import ProviderTransport, TransportOptions

CHUNK = b'data: {"id": "r-1", "model": "m-1", "choices": [{"delta": {"content": "Hi"}}]}\n\n'
END = b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
LAST_CHUNK = b"0\r\n\r\n"


def chunked(data: bytes) -> bytes:
    """Return one chunk of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


@dataclasses.dataclass(kw_only=True)
class Exchange:
    """One request and the way to answer it."""

    head: str
    body: bytes
    connection: int
    number: int
    reader: asyncio.StreamReader = dataclasses.field(repr=False)
    writer: asyncio.StreamWriter = dataclasses.field(repr=False)

    async def send(self, data: bytes) -> None:
        """Write bytes; whether anybody still reads them does not matter."""
        with contextlib.suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()

    async def answer(self, body: bytes, *, status: str = "200 OK", headers: str = "") -> None:
        """Send a complete response."""
        head = f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{headers}\r\n"
        await self.send(head.encode() + body)

    async def stream(self, *pieces: bytes) -> None:
        """Send the head of a stream and these pieces, each as a chunk."""
        await self.send(STREAM_HEAD + b"".join(chunked(piece) for piece in pieces))

    async def hang_up(self) -> None:
        """Wait until the client has closed the connection."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(1024):
                pass

    def reset(self) -> None:
        """Close the connection at once."""
        transport: asyncio.WriteTransport = self.writer.transport
        transport.abort()


Handler = Callable[[Exchange], Awaitable[None]]


class LoopbackServer:
    """A server whose handler sees every byte, and that knows who is connected."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.exchanges: list[Exchange] = []
        self.accepted = 0
        self.open = 0
        self.port = 0
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def running(self, tls: ssl.SSLContext | None = None) -> AsyncGenerator[LoopbackServer]:
        """Serve on a free port of this machine."""
        async with contextlib.AsyncExitStack() as stack:
            server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=tls)
            stack.push_async_callback(self._close, server)
            self.port = server.sockets[0].getsockname()[1]
            yield self

    async def when(self, condition: Callable[[], bool]) -> None:
        """Wait until the server's counters meet a condition."""
        async with self._changed:
            await self._changed.wait_for(condition)

    async def _close(self, server: asyncio.Server) -> None:
        server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.accepted += 1
        self.open += 1
        connection = self.accepted
        await self._tell()
        number = 0
        try:
            while not writer.is_closing():
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = next(
                    (
                        int(line.partition(":")[2])
                        for line in head.split("\r\n")
                        if line.lower().startswith("content-length:")
                    ),
                    0,
                )
                body = await reader.readexactly(length)
                number += 1
                exchange = Exchange(
                    head=head,
                    body=body,
                    connection=connection,
                    number=number,
                    reader=reader,
                    writer=writer,
                )
                self.exchanges.append(exchange)
                await self._tell()
                await self.handler(exchange)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            self.open -= 1
            self._tasks.discard(task)
            await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


Serve = Callable[..., AbstractAsyncContextManager[LoopbackServer]]
MakeTransport = Callable[[TransportOptions], ProviderTransport]
MakeGateway = Callable[..., ProviderGateway]
MakeCall = Callable[..., AttemptCall]


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run every test on each loop that the service can run on."""
    del config, item
    factories: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
        "asyncio": asyncio.new_event_loop
    }
    if importlib.util.find_spec("uvloop") is not None:
        factories["uvloop"] = importlib.import_module("uvloop").new_event_loop
    return factories


@pytest.fixture
def serve() -> Serve:
    """Return a starter of servers."""

    def start(
        handler: Handler, tls: ssl.SSLContext | None = None
    ) -> AbstractAsyncContextManager[LoopbackServer]:
        return LoopbackServer(handler).running(tls)

    return start


@pytest.fixture(params=[Http1Transport, AiohttpTransport], ids=["http1", "aiohttp"])
def make_transport(request: pytest.FixtureRequest) -> MakeTransport:
    """Return a maker of transports: every one keeps the same promises."""
    make: MakeTransport = request.param
    return make


@pytest.fixture
async def gateway_to(make_transport: MakeTransport) -> AsyncIterator[MakeGateway]:
    """Return a maker of gateways to a server, which are closed afterwards."""
    gateways: list[ProviderGateway] = []

    def make(
        server: LoopbackServer,
        *,
        scheme: str = "http",
        host: str = "127.0.0.1",
        **limits: Any,  # noqa: ANN401 - passed on
    ) -> ProviderGateway:
        connection = ProviderConnection(
            base_url=f"{scheme}://{host}:{server.port}/v1",
            wire_format=openai_chat(DIALECTS["generic"]),
            transport=make_transport(TransportOptions(**limits)),
            credentials={"acme-key": KeyAuthorisation(lambda: Secret("sk-1"))},
        )
        gateway = ProviderGateway({"acme": connection}, wall_clock=lambda: 1_790_000_000.0)
        gateways.append(gateway)
        return gateway

    yield make
    for gateway in gateways:
        await gateway.aclose()


@pytest.fixture(scope="session")
def make_call() -> MakeCall:
    """Return a maker of calls."""

    def make(
        *,
        streaming: bool = True,
        text: str = "Hello",
        connect_timeout: float = 60.0,
        timeout: float = 120.0,
        headers: Mapping[str, str] | None = None,
    ) -> AttemptCall:
        return AttemptCall(
            deployment=Deployment(
                name="acme-large",
                provider=Provider(name="acme", wire_format="openai_chat"),
                model=Model(name="large", context_window=8192),
                wire_model="large-2026-01",
                credential="acme-key",
            ),
            prompt=Prompt(messages=(Message(role=Role.USER, parts=(TextPart(text=text),)),)),
            streaming=streaming,
            connect_timeout=connect_timeout,
            timeout=timeout,
            headers=headers or {},
        )

    return make


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a certificate for `localhost` that nobody else trusts, and its key."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("the program `openssl` makes the certificate")
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *(program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key
