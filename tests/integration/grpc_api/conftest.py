"""A server on a real socket among deployments that a test plays by hand or by script."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import random
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, get_args

import pytest
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc import aio

from llmrouter.v1 import report_pb2, router_service_pb2_grpc
from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.policies import Policy
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.conversation.answers import AnswerEvent, Finished
from routersvc.domain.conversation.request_limits import DEFAULT_LIMITS
from routersvc.domain.outcomes.errors import RefusedError
from routersvc.engine.ports import AttemptCall
from routersvc.engine.router import Router, RouterConfiguration
from routersvc.grpc_api.access.authentication import AccessRules
from routersvc.grpc_api.access.identities import Authenticator
from routersvc.grpc_api.certificates import TlsFiles
from routersvc.grpc_api.server import EdgeServer
from routersvc.grpc_api.server_options import (
    ConnectionOptions,
    EdgeName,
    KeepaliveOptions,
    ServerOptions,
)
from routersvc.grpc_api.servicers import DeadlineRule
from routersvc.testing.scripted import Script, ScriptedGateway
from routersvc.testing.worlds import RecordingObserver, scripted_deployment, scripted_policy

CONNECTIONS = ConnectionOptions(max_open=64, max_streams=1_000, handshake_timeout=5.0)
KEEPALIVE = KeepaliveOptions(
    time=30.0,
    timeout=10.0,
    permit_without_calls=True,
    min_recv_ping_interval_without_data=10.0,
)
DEADLINES = DeadlineRule(default_timeout=60.0, max_timeout=60.0)


class FedStream:
    """An answer that a test feeds by hand."""

    def __init__(self) -> None:
        self._fed: asyncio.Queue[Sequence[AnswerEvent]] = asyncio.Queue()
        self.reading = asyncio.Event()
        self.closed = asyncio.Event()
        self.broken_off = True

    def feed(self, *events: AnswerEvent) -> None:
        """Let these events arrive together."""
        self._fed.put_nowait(events)

    async def receive(self) -> Sequence[AnswerEvent]:
        """Return what was fed."""
        self.reading.set()
        events = await self._fed.get()
        self.broken_off = not isinstance(events[-1], Finished)
        return events

    async def aclose(self) -> None:
        """Note the end."""
        self.closed.set()


class FedGateway:
    """The way to deployments whose answers a test feeds by hand."""

    def __init__(self) -> None:
        self._opened: asyncio.Queue[FedStream] = asyncio.Queue()

    def open(self, call: AttemptCall) -> FedStream:
        """Hand a new stream to the test."""
        del call
        stream = FedStream()
        self._opened.put_nowait(stream)
        return stream

    async def probe(self, deployment: Deployment, *, connect_timeout: float) -> None:
        """Answer every check well."""
        del deployment, connect_timeout

    async def opened(self) -> FedStream:
        """Wait for the next attempt that reads."""
        stream = await self._opened.get()
        await stream.reading.wait()
        return stream


@dataclasses.dataclass(frozen=True, kw_only=True)
class Edge:
    """A server, the router behind it, and a client of it.

    Its deployments play `scripted`, or are fed by hand through `fed` where there are no scripts.
    `turned_away` notes the calls of nobody, `True` for one that wanted a stream.
    """

    router: Router
    scripted: ScriptedGateway
    fed: FedGateway
    observer: RecordingObserver
    turned_away: list[bool]
    server: EdgeServer
    address: str
    channel: aio.Channel
    stub: router_service_pb2_grpc.RouterServiceAsyncStub

    @property
    def leftovers(self) -> tuple[int, int, int]:
        """How many calls, attempts and tasks have not ended."""
        router = self.router
        return (router.active_calls, router.running_attempts, router.running_tasks)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Guard:
    """What a server asks of its callers."""

    access: AccessRules
    tls: TlsFiles | None = None
    closes_reflection: bool = False


class OpenEdge(Protocol):
    """Starts a server; `scripts` are by deployment, none for one that is fed by hand."""

    async def __call__(
        self,
        scripts: Mapping[str, Sequence[Script]] | None = None,
        *,
        policy: Policy | None = None,
        deadlines: DeadlineRule = DEADLINES,
        max_message_bytes: int = 1 << 20,
        max_concurrent_calls: int = 100,
        outer_interceptors: Sequence[aio.ServerInterceptor] = (),
        tenants: Sequence[Tenant] = (),
        authenticator: Authenticator | Guard | None = None,
    ) -> Edge:
        """Start one; with TLS its own channel reaches it on a Unix socket."""
        ...


@pytest.fixture(params=get_args(EdgeName))
def edge_name(request: pytest.FixtureRequest) -> EdgeName:
    """Every implementation of gRPC must behave alike."""
    name: EdgeName = request.param
    return name


@pytest.fixture
async def open_edge(edge_name: EdgeName, tmp_path: Path) -> AsyncGenerator[OpenEdge]:
    """Start servers, and stop them after the test."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(
            scripts: Mapping[str, Sequence[Script]] | None = None,
            *,
            policy: Policy | None = None,
            deadlines: DeadlineRule = DEADLINES,
            max_message_bytes: int = 1 << 20,
            max_concurrent_calls: int = 100,
            outer_interceptors: Sequence[aio.ServerInterceptor] = (),
            tenants: Sequence[Tenant] = (),
            authenticator: Authenticator | Guard | None = None,
        ) -> Edge:
            names = list(scripts or ["fed"])
            guard = (
                authenticator
                if isinstance(authenticator, Guard)
                else Guard(access=AccessRules(authenticator=authenticator))
            )
            turned_away: list[bool] = []

            def note_turned_away(error: RefusedError, *, streaming: bool) -> None:
                del error
                turned_away.append(streaming)

            fed, scripted, observer = (
                FedGateway(),
                ScriptedGateway(scripts or {}),
                RecordingObserver(),
            )
            router = Router(
                configuration=RouterConfiguration(
                    catalogue=Catalogue(
                        deployments={name: scripted_deployment(name) for name in names}
                    ),
                    policies={"drill": policy or scripted_policy(names)},
                    default_policy="drill",
                    digest="drill",
                    max_concurrent_calls=max_concurrent_calls,
                    tenants={tenant.name: tenant for tenant in tenants},
                ),
                gateway=scripted if scripts else fed,
                observer=observer,
                clock=asyncio.get_running_loop().time,
                wall_clock=lambda: 0.0,
                random=random.Random(0),
            )
            server = EdgeServer(
                options=ServerOptions(
                    addresses=("127.0.0.1:0", *([f"unix:{tmp_path}/s"] if guard.tls else [])),
                    max_message_bytes=max_message_bytes,
                    deadlines=deadlines,
                    connections=CONNECTIONS,
                    limits=DEFAULT_LIMITS,
                    keepalive=KEEPALIVE,
                    reflection=True,
                    edge=edge_name,
                    authenticated_reflection=guard.closes_reflection,
                    tls=guard.tls,
                ),
                router=router,
                make_id=lambda: "made-id",
                wall_clock=lambda: 0.0,
                outer_interceptors=outer_interceptors,
                access=guard.access,
                turned_away=note_turned_away,
            )
            stack.push_async_callback(router.aclose)
            address, *sockets = await server.start()
            stack.push_async_callback(server.stop, grace=0.0)
            channel = await stack.enter_async_context(
                aio.insecure_channel(sockets[0] if sockets else address)
            )
            return Edge(
                router=router,
                scripted=scripted,
                fed=fed,
                observer=observer,
                turned_away=turned_away,
                server=server,
                address=address,
                channel=channel,
                stub=router_service_pb2_grpc.RouterServiceStub(channel),
            )

        yield start


@dataclasses.dataclass(frozen=True, kw_only=True)
class Heard:
    """What a caller heard of an error."""

    status: Status
    info: ErrorInfo
    bad_fields: Mapping[str, str]
    retry: RetryInfo | None
    pushback: str | None
    report: report_pb2.RouteReport | None


class Hear(Protocol):
    """Reads all that an error says."""

    def __call__(self, error: aio.AioRpcError) -> Heard:
        """Read one."""
        ...


@pytest.fixture
def hear() -> Hear:
    """Return what reads all that an error says; it must agree with the status itself."""

    def read(error: aio.AioRpcError) -> Heard:
        trailers = dict(error.trailing_metadata() or ())
        raw = trailers["grpc-status-details-bin"]
        assert isinstance(raw, bytes)
        status = Status.FromString(raw)
        assert (status.code, status.message) == (error.code().value[0], error.details())
        info, bad_request = ErrorInfo(), BadRequest()
        retry, report = RetryInfo(), report_pb2.RouteReport()
        found = {type(it) for it in (info, bad_request, retry, report) if _unpacked(status, it)}
        pushback = trailers.get("grpc-retry-pushback-ms")
        assert isinstance(pushback, str | None)
        return Heard(
            status=status,
            info=info,
            bad_fields={it.field: it.description for it in bad_request.field_violations},
            retry=retry if RetryInfo in found else None,
            pushback=pushback,
            report=report if report_pb2.RouteReport in found else None,
        )

    return read


def _unpacked(status: Status, message: Message) -> bool:
    return any(detail.Unpack(message) for detail in status.details)
