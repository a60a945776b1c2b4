"""Spans of calls, without a server: peers, kinds of handlers, and what is left of other calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import grpc
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import get_current_span

from routersvc.grpc_api.call_spans import CallSpans

SAMPLED = (("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),)
NOT_SAMPLED = (("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"),)


class Details(NamedTuple):
    """What a server tells interceptors of a call."""

    method: str = "/llmrouter.v1.RouterService/Complete"
    invocation_metadata: tuple[tuple[str, str | bytes], ...] = SAMPLED


class ServerContext:
    """The context of a call from `address`, with what was written."""

    def __init__(self, address: str = "ipv4:10.0.0.1:5000") -> None:
        self._address = address
        self.written: list[object] = []

    def peer(self) -> str:
        """Return the caller's address."""
        return self._address

    def invocation_metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        """Return the caller's metadata."""
        return SAMPLED

    async def write(self, message: object) -> None:
        """Note a message."""
        self.written.append(message)


class Bench:
    """The interceptor in front of one handler, and the spans that have ended."""

    def __init__(self, handler: Any) -> None:  # noqa: ANN401 - generic only in the stubs
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._spans = CallSpans(tracer=provider.get_tracer("test"), prefix="llmrouter.v1.")
        self.handler = handler

    async def found(self, details: Details) -> Any:  # noqa: ANN401 - generic only in the stubs
        """Return the handler that the server would run."""

        async def find(_: object) -> Any:  # noqa: ANN401 - generic only in the stubs
            return self.handler

        return await self._spans.intercept_service(find, details)  # type: ignore[arg-type] # the stubs know no tuples

    @property
    def attributes(self) -> list[dict[str, object]]:
        """The attributes of every span that has ended."""
        return [dict(span.attributes or {}) for span in self._exporter.get_finished_spans()]


async def echo(request: object, context: object) -> object:
    """Answer with the request."""
    del context
    return request


async def count(request: object, context: object) -> AsyncIterator[object]:
    """Yield two responses."""
    del context
    yield request
    yield request


async def writing(request: object, context: Any) -> None:  # noqa: ANN401 - any server's
    """Write two responses."""
    await context.write(request)
    await context.write(request)


@pytest.mark.parametrize(
    ("address", "peer"),
    [
        ("ipv4:10.0.0.1:5000", {"net.peer.ip": "10.0.0.1", "net.peer.port": "5000"}),
        (
            "ipv6:%5B::1%5D:5000",
            {"net.peer.ip": "[::1]", "net.peer.port": "5000", "net.peer.name": "localhost"},
        ),
        ("unix:/run/router.sock", {}),
        ("unix:", {}),
        ("unknown", {}),
    ],
)
async def test_peer_is_named_where_it_has_an_address(address: str, peer: dict[str, str]) -> None:
    """As OpenTelemetry's own instrumentation names it; an odd address fails no call."""
    bench = Bench(grpc.unary_unary_rpc_method_handler(echo))
    handler = await bench.found(Details())

    answered = await handler.unary_unary("x", ServerContext(address))

    (attributes,) = bench.attributes
    assert answered == "x"
    assert {k: v for k, v in attributes.items() if k.startswith("net.")} == peer


@pytest.mark.parametrize("behaviour", [count, writing])
@pytest.mark.parametrize(
    "make", [grpc.unary_stream_rpc_method_handler, grpc.stream_stream_rpc_method_handler]
)
async def test_streams_pass_whoever_writes_them(make: Any, behaviour: object) -> None:  # noqa: ANN401
    """A generator, or a handler that writes its responses itself."""
    bench = Bench(make(behaviour))
    handler = await bench.found(Details())
    context = ServerContext()

    await (handler.unary_stream or handler.stream_stream)("x", context)

    assert context.written == ["x", "x"]
    assert len(bench.attributes) == 1


@pytest.mark.parametrize(
    ("details", "has_trace"),
    [
        (Details(method="/grpc.health.v1.Health/Check"), False),
        (Details(invocation_metadata=NOT_SAMPLED), True),
    ],
)
async def test_handler_of_a_call_without_a_span_is_left_alone(
    details: Details,
    has_trace: bool,  # noqa: FBT001
) -> None:
    """Most calls are such: the very same handler costs them nothing."""
    bench = Bench(grpc.unary_unary_rpc_method_handler(echo))

    found = await bench.found(details)

    assert found is bench.handler
    assert bench.attributes == []
    assert get_current_span().get_span_context().is_valid is has_trace


async def test_unknown_method_has_no_span() -> None:
    """The server refuses it."""
    bench = Bench(None)

    assert await bench.found(Details()) is None
    assert bench.attributes == []


async def test_span_ends_where_the_handler_fails() -> None:
    """A cancellation, for example: no span may stay open."""

    async def failing(request: object, context: object) -> object:
        raise TimeoutError(request, context)

    bench = Bench(grpc.unary_unary_rpc_method_handler(failing))
    handler = await bench.found(Details())

    with pytest.raises(TimeoutError):
        await handler.unary_unary("x", ServerContext())

    assert len(bench.attributes) == 1
