"""A connection without sockets: the edge's on one side, an HTTP/2 client on the other.

The client is ngh2's own in the other role, so that it speaks frames that grpc's clients never send.
"""

from __future__ import annotations

import asyncio
import dataclasses
import random
from collections.abc import AsyncIterator, Callable, Sequence

import grpc
import ngh2
from grpc import aio

from routersvc.domain.conversation.request_limits import DEFAULT_LIMITS
from routersvc.grpc_api.edges.nghttp2.calls import Call
from routersvc.grpc_api.edges.nghttp2.connections import Connection
from routersvc.grpc_api.edges.nghttp2.lifetimes import Lifetime
from routersvc.grpc_api.edges.nghttp2.limits import Intake
from routersvc.grpc_api.edges.nghttp2.messages import framed
from routersvc.grpc_api.edges.nghttp2.server import Nghttp2Edge
from routersvc.grpc_api.edges.nghttp2.serving import Methods, serve
from routersvc.grpc_api.edges.nghttp2.turns import Starts
from routersvc.grpc_api.edges.port import CallContext
from routersvc.grpc_api.server_options import (
    ConnectionOptions,
    EdgeName,
    KeepaliveOptions,
    ServerOptions,
)
from routersvc.grpc_api.servicers import DeadlineRule

MAX_MESSAGE = 1 << 20
KEEPALIVE = KeepaliveOptions(
    time=30.0,
    timeout=10.0,
    permit_without_calls=True,
    min_recv_ping_interval_without_data=10.0,
)
SERVICE = "test.Service"
HEADERS = (
    (b":method", b"POST"),
    (b":scheme", b"http"),
    (b":authority", b"localhost"),
    (b"te", b"trailers"),
    (b"content-type", b"application/grpc"),
)


def server_options(edge: EdgeName, *addresses: str) -> ServerOptions:
    """Return options of a server that listens on these addresses."""
    return ServerOptions(
        addresses=addresses or ("127.0.0.1:0",),
        max_message_bytes=MAX_MESSAGE,
        deadlines=DeadlineRule(default_timeout=60.0, max_timeout=60.0),
        connections=ConnectionOptions(max_open=64, max_streams=100, handshake_timeout=5.0),
        limits=DEFAULT_LIMITS,
        keepalive=KEEPALIVE,
        reflection=False,
        edge=edge,
    )


class Service:
    """The handlers that tests call, with a log of what happened to them.

    `Echo` returns its request, `Wait` never ends, `Many` answers with a message of 16 KB for each
    byte of its request, `Chat` returns each message.
    """

    def __init__(self) -> None:
        self.log: list[str] = []
        self.waiting = asyncio.Event()
        self.written = asyncio.Event()

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        """Return what to register."""
        return [
            grpc.method_handlers_generic_handler(
                SERVICE,
                {
                    "Echo": grpc.unary_unary_rpc_method_handler(self.echo),
                    "Wait": grpc.unary_unary_rpc_method_handler(self.wait),
                    "Many": grpc.unary_stream_rpc_method_handler(self.many),
                    "Chat": grpc.stream_stream_rpc_method_handler(self.chat),
                    "Fail": grpc.unary_unary_rpc_method_handler(self.fail),
                },
            )
        ]

    async def echo(self, request: bytes, context: CallContext) -> bytes:
        """Return the request."""
        del context
        return request

    async def wait(self, request: bytes, context: CallContext) -> bytes:
        """Note how the wait ends."""
        del request, context
        self.log.append("waiting")
        self.waiting.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.log.append("ended")
        return b""

    async def many(self, request: bytes, context: CallContext) -> None:
        """Note each message that was written."""
        try:
            for place in range(len(request)):
                await context.write(bytes(16_384))
                self.log.append(f"wrote {place}")
            self.written.set()
        finally:
            self.log.append("ended")

    async def chat(self, requests: AsyncIterator[bytes], context: CallContext) -> None:
        """Return each message."""
        async for request in requests:
            await context.write(request)

    async def fail(self, request: bytes, context: CallContext) -> bytes:
        """Abort with the request as the message."""
        await context.abort(
            grpc.StatusCode.ABORTED, request.decode(), (("why-bin", b"\x00\xff"), ("how", "so"))
        )


@dataclasses.dataclass(slots=True)
class Answer:
    """What a client heard of one call."""

    headers: dict[bytes, bytes] = dataclasses.field(default_factory=dict[bytes, bytes])
    body: bytes = b""
    trailers: dict[bytes, bytes] = dataclasses.field(default_factory=dict[bytes, bytes])
    reset: int | None = None
    closed: bool = False

    @property
    def status(self) -> tuple[int, str]:
        """The code and message of the status, wherever it came."""
        found = self.trailers or self.headers
        return int(found[b"grpc-status"]), found.get(b"grpc-message", b"").decode()


class FakeHost:
    """Implements `Host` without listening."""

    def __init__(
        self,
        service: Service,
        *,
        keepalive: KeepaliveOptions = KEEPALIVE,
        intake: Intake | None = None,
        interceptors: Sequence[aio.ServerInterceptor] = (),
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.intake = intake or Intake(max_message_bytes=MAX_MESSAGE)
        self.max_message_bytes = MAX_MESSAGE
        self.max_streams = 100
        self.has_room = True
        self.open: set[Connection] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self._keepalive = keepalive
        self._methods = Methods(service.handlers(), interceptors)
        self._loop = asyncio.get_running_loop()
        self._starts = Starts(self._start, self._loop, clock=clock or self._loop.time)

    def opened(self, connection: Connection) -> bool:
        """Register a connection; return whether there is room for it."""
        if self.has_room:
            self.open.add(connection)
        return self.has_room

    def closed(self, connection: Connection) -> None:
        """Forget a connection."""
        self.open.discard(connection)

    def idle(self) -> None:
        """Do nothing."""

    def start(self, call: Call) -> None:
        """Serve a call, in this turn of the loop or a later one."""
        self._starts.add(call)

    def _start(self, call: Call) -> None:
        work = serve(call, self._methods, loop_time=self._loop.time, max_bytes=MAX_MESSAGE)
        call.task = self._loop.create_task(work)
        self.tasks.add(call.task)
        call.task.add_done_callback(self.tasks.discard)

    def lifetime(self) -> Lifetime:
        """Return the clock of a new connection."""
        return Lifetime(
            self._keepalive, handshake_timeout=5.0, age_share=0.0, now=self._loop.time()
        )


class Wire(asyncio.Transport):
    """The edge's end of a connection; what it writes is kept until the client reads."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 4321)})
        self.sends: list[bytes] = []
        self.total_sends = 0
        self.is_shut = False
        self.is_aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep bytes for the client."""
        self.sends.append(bytes(data))
        self.total_sends += 1

    def write_eof(self) -> None:
        """Note that no more comes."""
        self.is_shut = True

    def close(self) -> None:
        """Note that no more comes."""
        self.is_shut = True

    def abort(self) -> None:
        """Note the cut."""
        self.is_shut = self.is_aborted = True


class Caller:
    """A client of one connection."""

    def __init__(self, host: FakeHost, settings: dict[int, int] | None = None) -> None:
        self.wire = Wire()
        self.connection = Connection(host, asyncio.get_running_loop())
        self.http2 = ngh2.Connection(ngh2.Role.CLIENT)
        self.http2.initiate_connection(settings)
        self.answers: dict[int, Answer] = {}
        self.events: list[ngh2.Event] = []
        self.has_left = False
        self.connection.connection_made(self.wire)

    def call(
        self,
        method: str,
        message: bytes | None = b"",
        *,
        body: bytes | None = None,
        headers: Sequence[tuple[bytes, bytes]] = (),
        end: bool = True,
        send: bool = True,
    ) -> int:
        """Send a request and return its stream."""
        path = (b":path", f"/{SERVICE}/{method}".encode())
        names = {name for name, _ in headers}
        kept = [header for header in (*HEADERS, path) if header[0] not in names]
        given = [header for header in headers if header[1]]
        fields = sorted([*kept, *given], key=lambda header: header[0][:1] != b":")
        stream_id = self.http2.send_request(fields)
        self.answers[stream_id] = Answer()
        data = body if body is not None else framed(message or b"")
        self.http2.send_data(stream_id, data, end_stream=end)
        if send:
            self.send()
        return stream_id

    def send(self) -> None:
        """Hand what the client has to say to the edge."""
        data = b"" if self.has_left else self.http2.data_to_send()
        if data and not self.wire.is_shut:
            self.connection.data_received(data)

    def read(self) -> None:
        """Read what the edge has sent."""
        sends, self.wire.sends = self.wire.sends, []
        for data in sends:
            if not self.has_left:
                self.http2.receive_data(data)
            for event in self.http2.events():
                self._note(event)

    async def settle(self, turns: int = 12) -> None:
        """Exchange all that there is to exchange now."""
        for _ in range(turns):
            await asyncio.sleep(0)
            self.read()
            self.send()

    async def answer(self, method: str, message: bytes = b"") -> Answer:
        """Make a call and return its answer."""
        stream_id = self.call(method, message)
        await self.settle()
        return self.answers[stream_id]

    def goaways(self) -> list[tuple[int, int]]:
        """Return the last stream and the error code of each GOAWAY."""
        return [
            (event.last_stream_id, event.error_code)
            for event in self.events
            if isinstance(event, ngh2.GoAwayReceived)
        ]

    def _note(self, event: ngh2.Event) -> None:
        self.events.append(event)
        match event:
            case ngh2.ResponseReceived(stream_id=stream_id, headers=headers):
                self.answers[stream_id].headers = {name: value for name, value in headers}  # noqa: C416 - drops the type of the pairs
            case ngh2.DataReceived(stream_id=stream_id, data=data):
                self.answers[stream_id].body += data
            case ngh2.TrailersReceived(stream_id=stream_id, headers=headers):
                self.answers[stream_id].trailers = {name: value for name, value in headers}  # noqa: C416 - as above
            case ngh2.StreamReset(stream_id=stream_id, error_code=code):
                self.answers[stream_id].reset = code
            case ngh2.StreamClosed(stream_id=stream_id):
                self.answers[stream_id].closed = True
            case ngh2.GoAwayReceived():
                # A client without calls closes its connection.
                self.has_left = all(answer.closed for answer in self.answers.values())
            case _:
                pass


def edge_of(service: Service, options: ServerOptions) -> Nghttp2Edge:
    """Return an edge that can listen."""
    return Nghttp2Edge(
        options=options, handlers=service.handlers(), interceptors=(), chance=random.Random(0)
    )
