"""One trace from the caller through the server and its attempts to the providers."""

from __future__ import annotations

import asyncio
import dataclasses
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

import grpc
import pytest
from grpc import aio
from grpc_health.v1 import health_pb2
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased
from opentelemetry.trace import SpanKind, StatusCode

from llmrouter.v1 import prompt_pb2, router_service_pb2, router_service_pb2_grpc
from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.conversation.request_limits import DEFAULT_LIMITS
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.engine.router import Router, RouterConfiguration
from routersvc.grpc_api.server import EdgeServer
from routersvc.grpc_api.server_options import ConnectionOptions, KeepaliveOptions, ServerOptions
from routersvc.grpc_api.servicers import DeadlineRule
from routersvc.grpc_api.tracing import tracing_interceptor
from routersvc.telemetry.call_lines import CallLine
from routersvc.telemetry.metrics import Metrics
from routersvc.telemetry.observer import TelemetryObserver
from routersvc.telemetry.options import CallSpanMaker
from routersvc.testing.scripted import Fail, Hang, Script, ScriptedGateway, answer
from routersvc.testing.worlds import scripted_deployment, scripted_policy

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT_ID = "b7ad6b7169203331"
METADATA = (("traceparent", f"00-{TRACE_ID}-{PARENT_ID}-01"),)
CONNECTIONS = ConnectionOptions(max_open=64, max_streams=1_000, handshake_timeout=5.0)
KEEPALIVE = KeepaliveOptions(
    time=30.0,
    timeout=10.0,
    permit_without_calls=True,
    min_recv_ping_interval_without_data=10.0,
)
OUTAGE = Fail(Failure(failure_class=FailureClass.OVERLOADED, message="it has too much to do"))
PROMPT = prompt_pb2.Prompt(
    messages=[prompt_pb2.Message(role=prompt_pb2.ROLE_USER, parts=[prompt_pb2.Part(text="Hello")])]
)


class EndedSpans(SpanExporter):
    """Holds the spans that have ended, in that order."""

    def __init__(self) -> None:
        self._spans: list[ReadableSpan] = []
        self._arrived = asyncio.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Take spans."""
        self._spans.extend(spans)
        self._arrived.set()
        return SpanExportResult.SUCCESS

    @property
    def ended(self) -> tuple[ReadableSpan, ...]:
        """All spans that have ended."""
        return tuple(self._spans)

    async def first(self, count: int) -> list[ReadableSpan]:
        """Wait until so many spans have ended, and return all."""
        while len(self._spans) < count:
            self._arrived.clear()
            await self._arrived.wait()
        return self._spans


@dataclasses.dataclass(frozen=True, kw_only=True)
class Service:
    """A traced server among scripted deployments, and a client of it."""

    gateway: ScriptedGateway
    stub: router_service_pb2_grpc.RouterServiceAsyncStub
    check_health: Callable[..., Awaitable[object]]
    spans: EndedSpans


@pytest.fixture(params=CallSpanMaker, ids=lambda maker: maker.value)
def maker(request: pytest.FixtureRequest) -> CallSpanMaker:
    """Whatever makes the spans of calls: operators see the same of both."""
    made: CallSpanMaker = request.param
    return made


@pytest.fixture
async def service(request: pytest.FixtureRequest, maker: CallSpanMaker) -> AsyncGenerator[Service]:
    """Run a server whose deployments `a` and `b` play the scripts of the parameter.

    Calls whose caller made no sampling decision are not sampled.
    """
    scripts: dict[str, Sequence[Script]] = request.param
    spans = EndedSpans()
    lines: list[CallLine] = []
    provider = TracerProvider(sampler=ParentBased(ALWAYS_OFF), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    gateway = ScriptedGateway(scripts)
    clock = asyncio.get_running_loop().time
    router = Router(
        configuration=RouterConfiguration(
            catalogue=Catalogue(deployments={name: scripted_deployment(name) for name in scripts}),
            policies={"drill": scripted_policy(tuple(scripts))},
            default_policy="drill",
            digest="digest",
            max_concurrent_calls=10,
        ),
        gateway=gateway,
        observer=TelemetryObserver(
            metrics=Metrics(version="1"),
            tracer=provider.get_tracer("routersvc"),
            propagate=True,
            write_line=lines.append,
            wall_clock=lambda: 0.0,
        ),
        clock=clock,
        wall_clock=lambda: 0.0,
        random=random.Random(1),
    )
    server = EdgeServer(
        options=ServerOptions(
            addresses=("127.0.0.1:0",),
            max_message_bytes=1 << 20,
            deadlines=DeadlineRule(default_timeout=30.0, max_timeout=60.0),
            connections=CONNECTIONS,
            limits=DEFAULT_LIMITS,
            keepalive=KEEPALIVE,
            reflection=False,
        ),
        router=router,
        make_id=lambda: "id",
        wall_clock=lambda: 0.0,
        outer_interceptors=(tracing_interceptor(provider, maker),),
    )
    (address,) = await server.start()
    async with aio.insecure_channel(address) as channel:
        yield Service(
            gateway=gateway,
            stub=router_service_pb2_grpc.RouterServiceStub(channel),
            check_health=channel.unary_unary(
                "/grpc.health.v1.Health/Check",
                request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
                response_deserializer=health_pb2.HealthCheckResponse.FromString,
            ),
            spans=spans,
        )
    await server.stop(grace=0.0)
    await router.aclose()


@pytest.mark.parametrize(
    "service", [{"a": [[OUTAGE]], "b": [answer("Hello", " there")]}], indirect=True
)
async def test_one_trace_from_the_caller_to_the_providers(service: Service) -> None:
    """Caller, call, two attempts: each is the child of the one before."""
    request = router_service_pb2.CompleteRequest(prompt=PROMPT)

    await service.stub.Complete(request, metadata=METADATA)

    failed, served, call = await service.spans.first(3)
    assert call.name == "/llmrouter.v1.RouterService/Complete"
    assert call.parent is not None
    assert f"{call.parent.trace_id:032x}-{call.parent.span_id:016x}" == f"{TRACE_ID}-{PARENT_ID}"
    assert failed.parent == served.parent == call.get_span_context()
    assert [(span.attributes or {})["routersvc.deployment"] for span in (failed, served)] == [
        "a",
        "b",
    ]
    assert (call.attributes or {})["gen_ai.response.model"] == "scripted-1"
    assert [called.headers["traceparent"][36:52] for called in service.gateway.calls] == [
        f"{span.context.span_id:016x}" for span in (failed, served) if span.context is not None
    ]


@pytest.mark.parametrize("service", [{"a": [[OUTAGE]]}], indirect=True)
async def test_failed_call_s_span_has_the_status_that_the_caller_got(service: Service) -> None:
    """The status is set by `abort`, which is why the one exit uses nothing else."""
    request = router_service_pb2.CompleteRequest(prompt=PROMPT)

    with pytest.raises(aio.AioRpcError) as caught:
        await service.stub.Complete(request, metadata=METADATA)

    _, call = await service.spans.first(2)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert (call.attributes or {})["rpc.grpc.status_code"] == 14
    assert (call.attributes or {})["routersvc.outcome"] == "providers_unavailable"
    assert call.status.status_code is StatusCode.ERROR
    assert call.status.description == f"{grpc.StatusCode.UNAVAILABLE}:{caught.value.details()}"


@pytest.mark.parametrize("service", [{"a": [[*answer("Hello")[:3], Hang()]]}], indirect=True)
async def test_abandoned_stream_ends_its_spans(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """The spans end with the call, in the call's own task: no context is left attached."""
    stream = service.stub.StreamComplete(
        router_service_pb2.StreamCompleteRequest(prompt=PROMPT), metadata=METADATA
    )
    first = await stream.read()

    stream.cancel()

    attempt, call = await service.spans.first(2)
    assert isinstance(first, router_service_pb2.StreamCompleteResponse)
    assert attempt.parent == call.get_span_context()
    assert (call.attributes or {})["routersvc.outcome"] == "cancelled"
    assert (attempt.attributes or {})["routersvc.attempt.outcome"] == "cancelled"
    assert caplog.records == []


@pytest.mark.parametrize("service", [{"a": [answer("Hello")]}], indirect=True)
async def test_health_check_makes_no_span(service: Service) -> None:
    """Checks that come every second would bury what matters."""
    await service.check_health(health_pb2.HealthCheckRequest(), metadata=METADATA)
    await service.stub.Complete(
        router_service_pb2.CompleteRequest(prompt=PROMPT), metadata=METADATA
    )

    spans = await service.spans.first(2)

    assert {span.name for span in spans} == {
        "chat scripted-model",
        "/llmrouter.v1.RouterService/Complete",
    }


@pytest.mark.parametrize("service", [{"a": [answer("Hello")]}], indirect=True)
async def test_span_of_a_call_has_the_attributes_of_the_conventions(service: Service) -> None:
    """Dashboards ask for these, whatever made the span."""
    await service.stub.Complete(
        router_service_pb2.CompleteRequest(prompt=PROMPT), metadata=METADATA
    )

    _, call = await service.spans.first(2)
    found = {
        name: value
        for name, value in (call.attributes or {}).items()
        if name.startswith(("rpc.", "net."))
    }
    assert call.kind is SpanKind.SERVER
    assert call.status.status_code is StatusCode.UNSET
    assert str(found.pop("rpc.user_agent")).startswith("grpc-python-asyncio/")
    assert str(found.pop("net.peer.port")).isdecimal()
    assert found == {
        "net.peer.ip": "127.0.0.1",
        "net.peer.name": "localhost",
        "rpc.grpc.status_code": 0,
        "rpc.method": "Complete",
        "rpc.service": "llmrouter.v1.RouterService",
        "rpc.system": "grpc",
    }


@pytest.mark.parametrize("service", [{"a": [answer("Hello"), answer("Hello")]}], indirect=True)
async def test_call_that_is_not_sampled_is_not_sampled_by_the_provider_either(
    service: Service,
) -> None:
    """The trace id goes on, of the caller or a new one, with the decision."""
    request = router_service_pb2.CompleteRequest(prompt=PROMPT)

    await service.stub.Complete(
        request, metadata=(("traceparent", f"00-{TRACE_ID}-{PARENT_ID}-00"),)
    )
    await service.stub.Complete(request)

    continued, new = (called.headers["traceparent"].split("-") for called in service.gateway.calls)
    assert continued[1] == TRACE_ID
    assert continued[2] != PARENT_ID
    assert new[1] != TRACE_ID
    assert [int(parts[3], 16) & 1 for parts in (continued, new)] == [0, 0]
    assert service.spans.ended == ()
