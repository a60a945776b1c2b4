"""Both implementations of gRPC on real sockets: against raw HTTP/2 they must answer alike."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import gzip
import zlib
from collections.abc import AsyncGenerator
from pathlib import Path

import grpc
import ngh2
import pytest
from grpc import aio
from tests.unit.grpc_api.edges.nghttp2.callers import (
    HEADERS,
    MAX_MESSAGE,
    SERVICE,
    Service,
    edge_of,
    server_options,
)

from routersvc.grpc_api.edges.nghttp2.messages import framed
from routersvc.grpc_api.edges.opening import open_edge
from routersvc.grpc_api.server_options import EdgeName

METHOD = f"/{SERVICE}/"


@contextlib.asynccontextmanager
async def served(edge: EdgeName, *addresses: str) -> AsyncGenerator[tuple[str, ...]]:
    """Run the handlers of the unit tests behind an edge."""
    server = open_edge(
        options=server_options(edge, *addresses), handlers=Service().handlers(), interceptors=[]
    )
    try:
        yield await server.start()
    finally:
        await server.stop(grace=0.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Raw:
    """A request in frames: what grpc's own clients never send."""

    body: bytes = framed(b"abc")
    headers: tuple[tuple[bytes, bytes], ...] = ()
    method: str = "Echo"
    ends: bool = True

    async def status(self, address: str) -> int:
        """Send it and return the status of the answer."""
        host, port = address.rsplit(":", 1)
        reader, writer = await asyncio.open_connection(host, int(port))
        http2 = ngh2.Connection(ngh2.Role.CLIENT)
        http2.initiate_connection()
        path = (b":path", (METHOD + self.method).encode())
        http2.send_data(
            http2.send_request([*HEADERS[:3], path, *HEADERS[3:], *self.headers]),
            self.body,
            end_stream=self.ends,
        )
        try:
            while True:
                writer.write(http2.data_to_send())
                http2.receive_data(await reader.read(65_536))
                for event in http2.events():
                    if isinstance(event, ngh2.ResponseReceived | ngh2.TrailersReceived):
                        found = {header[0]: header[1] for header in event.headers}
                        if b"grpc-status" in found:
                            return int(found[b"grpc-status"])
        finally:
            writer.close()


ALIKE = {
    "plain": (Raw(), 0),
    "unknown method": (Raw(method="Nothing"), 12),
    "two messages": (Raw(body=framed(b"a") + framed(b"b")), 0),
    "not ended": (Raw(ends=False), 0),
    "too large": (Raw(body=framed(bytes(MAX_MESSAGE + 1))), 8),
    "announced too large": (Raw(body=b"\0\xff\xff\xff\xff", ends=False), 8),
    "no encoding": (Raw(body=b"\x01\0\0\0\x01a"), 13),
    "gzip": (
        Raw(
            body=b"\x01" + framed(gzip.compress(b"a", mtime=0))[1:],
            headers=((b"grpc-encoding", b"gzip"),),
        ),
        0,
    ),
    "deflate": (
        Raw(
            body=b"\x01" + framed(zlib.compress(b"a"))[1:],
            headers=((b"grpc-encoding", b"deflate"),),
        ),
        0,
    ),
    "bomb": (
        Raw(
            body=b"\x01" + framed(gzip.compress(bytes(4 * MAX_MESSAGE)))[1:],
            headers=((b"grpc-encoding", b"gzip"),),
        ),
        8,
    ),
    "broken gzip": (Raw(body=b"\x01\0\0\0\x01a", headers=((b"grpc-encoding", b"gzip"),)), 13),
    "no time": (Raw(headers=((b"grpc-timeout", b"0m"),)), 4),
    "bad timeout": (Raw(headers=((b"grpc-timeout", b"1x"),)), 13),
    "bad base64": (Raw(headers=((b"a-bin", b"*#"),)), 13),
    "padded base64": (Raw(headers=((b"a-bin", b"AA=="),)), 0),
    "endless": (Raw(method="Wait", headers=((b"grpc-timeout", b"50m"),)), 4),
}


@pytest.mark.parametrize("edge_name", ["grpcio", "nghttp2"])
async def test_edges_answer_alike(edge_name: EdgeName) -> None:
    """The reference decides what is right."""
    async with served(edge_name) as (address,):
        statuses = {name: await raw.status(address) for name, (raw, _) in ALIKE.items()}

    assert statuses == {name: expected for name, (_, expected) in ALIKE.items()}


@pytest.mark.parametrize("edge_name", ["grpcio", "nghttp2"])
async def test_several_addresses_and_unix_sockets(edge_name: EdgeName, tmp_path: Path) -> None:
    """All serve the same; grpc's synchronous client calls them, compressed."""
    path = tmp_path / "edge.sock"

    def echo(address: str) -> bytes:
        with grpc.insecure_channel(address, compression=grpc.Compression.Gzip) as channel:
            method: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
                f"{METHOD}Echo"
            )
            return method(bytes(5_000))

    async with served(edge_name, "127.0.0.1:0", f"unix:{path}", "localhost:0") as addresses:
        answers = [await asyncio.to_thread(echo, address) for address in addresses]

    assert answers == [bytes(5_000)] * 3
    assert not path.exists()


async def test_stop_waits_for_running_calls_and_then_ends_them() -> None:
    """A call that ends within the grace is served; the rest gets a status that may be retried."""
    service = Service()
    edge = edge_of(service, server_options("nghttp2"))
    (address,) = await edge.start()
    async with aio.insecure_channel(address) as channel:
        chats: aio.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(f"{METHOD}Chat")
        waits: aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"{METHOD}Wait")
        chat = chats()
        await chat.write(b"a")
        first = await chat.read()
        wait = waits(b"")
        await service.waiting.wait()
        async with asyncio.TaskGroup() as tasks:
            stopping = tasks.create_task(edge.stop(grace=0.2))
            await chat.write(b"b")
            second = await chat.read()
            await chat.done_writing()
            chat_status = await chat.code()
            wait_status = await wait.code()
            await stopping

    assert (first, second, chat_status) == (b"a", b"b", grpc.StatusCode.OK)
    assert wait_status is grpc.StatusCode.UNAVAILABLE
    assert service.log == ["waiting", "ended"]
    assert (edge.tasks, edge.connections, edge.intake.held) == (0, [], (0, 0))


async def test_stop_waits_until_answers_are_read() -> None:
    """The handler has ended long before its caller opens a window for what it wrote."""
    service = Service()
    edge = edge_of(service, server_options("nghttp2"))
    (address,) = await edge.start()
    host, port = address.rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    http2 = ngh2.Connection(ngh2.Role.CLIENT)
    http2.initiate_connection({ngh2.Setting.INITIAL_WINDOW_SIZE: 0})
    path = (b":path", f"{METHOD}Many".encode())
    stream_id = http2.send_request([*HEADERS[:3], path, *HEADERS[3:]])
    http2.send_data(stream_id, framed(b"x"), end_stream=True)
    writer.write(http2.data_to_send())
    await service.written.wait()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(edge.stop(grace=60.0))
        await asyncio.sleep(0)
        http2.set_local_window_size(1 << 20, stream_id=stream_id)
        events: list[ngh2.Event] = []
        while data := await reader.read(65_536):
            http2.receive_data(data)
            events.extend(http2.events())
            writer.write(http2.data_to_send())
            if any(isinstance(event, ngh2.StreamClosed) for event in events):
                writer.close()

    read = sum(len(event.data) for event in events if isinstance(event, ngh2.DataReceived))
    assert read == len(framed(bytes(16_384)))
    assert any(isinstance(event, ngh2.TrailersReceived) for event in events)
    assert (edge.tasks, edge.connections) == (0, [])


async def test_silent_connections_make_room() -> None:
    """The oldest gives way to one that may have something to say."""
    options = server_options("nghttp2")
    few = dataclasses.replace(options.connections, max_open=2)
    edge = edge_of(Service(), dataclasses.replace(options, connections=few))
    (address,) = await edge.start()
    host, port = address.rsplit(":", 1)
    silent = [await asyncio.open_connection(host, int(port)) for _ in range(2)]

    status = await Raw().status(address)

    reader, _ = silent[0]
    with contextlib.suppress(ConnectionResetError):
        # The settings of the server came, then the end.
        await reader.read()
    for _, writer in silent:
        writer.close()
    assert status == 0
    await edge.stop(grace=0.0)
