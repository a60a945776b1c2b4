"""The rig: one simulated provider, the vendor's SDK, and a client that sees every byte."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any, Protocol

import openai
import orjson
import pytest

from routersvc.simulator import (
    Behaviour,
    Constant,
    Effect,
    Fault,
    ProviderCharacter,
    SimulatedProvider,
    Simulator,
)

KEY = "sk-simulated-0123456789"


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """A simulator with one provider, `alpha`, that answers at once with 8 tokens."""
    alpha = ProviderCharacter(
        name="alpha",
        api_keys=(KEY,),
        behaviour=Behaviour(tokens_per_answer=Constant(value=8)),
    )
    async with Simulator.start([alpha]) as running:
        yield running


@pytest.fixture
def alpha(simulator: Simulator) -> SimulatedProvider:
    """The provider."""
    return simulator.provider("alpha")


@pytest.fixture
async def client(alpha: SimulatedProvider) -> AsyncIterator[openai.AsyncOpenAI]:
    """The vendor's SDK, without retries of its own."""
    async with openai.AsyncOpenAI(base_url=alpha.base_url, api_key=KEY, max_retries=0) as sdk:
        yield sdk


@dataclasses.dataclass(kw_only=True, slots=True)
class RawAnswer:
    """What came over the wire until the end, and how it ended."""

    head: bytes
    body: bytes
    reset: bool

    @property
    def status(self) -> int:
        """The status code."""
        return int(self.head.split(b" ")[1])

    @property
    def headers(self) -> dict[str, str]:
        """The headers, names in lower case."""
        lines = self.head.decode().split("\r\n")[1:]
        return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}

    @property
    def chunks(self) -> list[bytes]:
        """The chunks of a chunked body; the last is empty when it ended as it must."""
        left, chunks = self.body, list[bytes]()
        while left:
            size, _, left = left.partition(b"\r\n")
            length = int(size, 16)
            chunks.append(left[:length])
            left = left[length + 2 :]
        return chunks

    @property
    def events(self) -> list[str]:
        """What the events of a stream carry."""
        text = b"".join(self.chunks).decode()
        return [event.removeprefix("data: ") for event in text.split("\n\n") if event]


class RawClient:
    """A connection that is written to and read from byte by byte."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()

    async def ask(self, *, headers: dict[str, str] | None = None, **changes: Any) -> None:  # noqa: ANN401 - a JSON body
        """Send a request for a completion, and that the connection is to close after it."""
        body = orjson.dumps(
            {
                "model": "sim-large",
                "messages": [{"role": "user", "content": "Hello there"}],
                **changes,
            }
        )
        lines = {
            "host": "simulator",
            "authorization": f"Bearer {KEY}",
            "connection": "close",
            "content-length": str(len(body)),
            **(headers or {}),
        }
        fields = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        await self.send(f"POST /v1/chat/completions HTTP/1.1\r\n{fields}\r\n".encode() + body)

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        await self._loop.sock_sendall(self._connection, data)

    async def receive(self) -> bytes:
        """Return what one read gives; nothing at the end of the connection."""
        return await self._loop.sock_recv(self._connection, 65_536)

    async def receive_until(self, mark: bytes, times: int = 1) -> bytes:
        """Read until something has come so many times."""
        received = bytearray()
        while received.count(mark) < times:
            data = await self.receive()
            assert data, bytes(received)
            received += data
        return bytes(received)

    async def answer(self) -> RawAnswer:
        """Read until the connection ends."""
        received, reset = bytearray(), False
        try:
            while data := await self.receive():
                received += data
        except ConnectionResetError:
            reset = True
        head, _, body = bytes(received).partition(b"\r\n\r\n")
        return RawAnswer(head=head, body=body, reset=reset)

    def hang_up(self) -> None:
        """Go away without a word."""
        self._connection.close()


Connect = Callable[[], contextlib.AbstractAsyncContextManager[RawClient]]


@pytest.fixture
def connect(alpha: SimulatedProvider) -> Connect:
    """Open a raw connection to the provider."""

    @contextlib.asynccontextmanager
    async def opened() -> AsyncGenerator[RawClient]:
        with socket.socket() as connection:
            connection.setblocking(False)  # noqa: FBT003 - the socket's own signature
            await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", alpha.port))
            yield RawClient(connection)

    return opened


class Ask(Protocol):
    """Ask once while a fault is active, and return what came over the wire."""

    async def __call__(self, effect: Effect, **changes: Any) -> RawAnswer:  # noqa: ANN401 - a JSON body
        """Ask with these changes to the request."""
        ...


@pytest.fixture
def ask_struck(alpha: SimulatedProvider, connect: Connect) -> Ask:
    """Ask once while a fault is active, and return what came over the wire."""

    async def ask(effect: Effect, **changes: Any) -> RawAnswer:  # noqa: ANN401 - a JSON body
        alpha.inject(Fault(effect=effect, count=1))
        async with connect() as raw:
            await raw.ask(**changes)
            answer = await raw.answer()
        await alpha.settled()
        assert alpha.log[-1].fault == effect.kind
        return answer

    return ask
