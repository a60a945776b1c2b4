"""The router's own spans of calls: made in full only for the calls that are sampled.

The outermost interceptor. It takes the sampling decision when a call arrives, from the caller's
trace context or by the sampler of the provider, and leaves the handler of a call that is not
sampled alone. Names, attributes and status of a span are those of
OpenTelemetry's instrumentation, which costs 110 to 200 µs per call, sampled or not. Left out: its
events for the exception by which every failed call ends, which say less than the status.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from typing import Any, Never, TypeAlias, cast
from urllib.parse import unquote

import grpc
from grpc import aio
from opentelemetry import propagate
from opentelemetry.context import Context, attach
from opentelemetry.trace import (
    Span,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    set_span_in_context,
    use_span,
)
from opentelemetry.util.types import AttributeValue

from routersvc.grpc_api.wrapped_handlers import Handler, alike

_STATUS = "rpc.grpc.status_code"
_USER_AGENT = "user-agent"
_LOOPBACK = frozenset({"127.0.0.1", "[::1]"})
_NO_CONTEXT = Context()

_SERVER_ERRORS = frozenset(
    {
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    }
)
"""Statuses that are errors of a server by the semantic conventions; others blame the caller."""

# Whatever edge serves the call.
_Context: TypeAlias = Any
_Behaviour: TypeAlias = Callable[[object, _Context], Awaitable[object]]
_Generator: TypeAlias = Callable[[object, _Context], AsyncGenerator[object]]


class CallSpans(aio.ServerInterceptor):
    """Makes a span for every sampled call of the services whose full names begin with `prefix`.

    The trace context of any call, sampled or not, is the current one of its task. It is read from
    the metadata in the formats of `OTEL_PROPAGATORS`, W3C's by default.
    """

    def __init__(self, *, tracer: Tracer, prefix: str) -> None:
        self._tracer = tracer
        self._prefix = f"/{prefix}"
        self._propagator = propagate.get_global_textmap()
        self._fields = frozenset(name.lower() for name in self._propagator.fields)

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Return the handler of the method, inside a span if the call is sampled."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or not method.startswith(self._prefix):
            return handler
        parent = self._parent(handler_call_details.invocation_metadata or ())
        span = self._tracer.start_span(method, context=parent, kind=SpanKind.SERVER)
        if span.is_recording():
            return _recorded(handler, span, method)
        # The server starts a task for each call, which the context ends with.
        attach(set_span_in_context(span, parent))
        return handler

    def _parent(self, metadata: Iterable[tuple[str, str | bytes]]) -> Context:
        carrier: Mapping[str, str] = {
            name: value
            for name, value in metadata
            if name in self._fields and isinstance(value, str)
        }
        return self._propagator.extract(carrier, _NO_CONTEXT) if carrier else _NO_CONTEXT


class _RecordedContext:
    """The context of a call whose status goes to a span, too."""

    __slots__ = ("_context", "_span")

    def __init__(self, context: _Context, span: Span) -> None:
        self._context = context
        self._span = span

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the server's context has
        return getattr(self._context, name)

    async def abort(
        self,
        code: grpc.StatusCode,
        details: str = "",
        trailing_metadata: Any = (),  # noqa: ANN401 - grpc's own type is not exported
    ) -> Never:
        """Set the status of the span, and end the call."""
        self._span.set_attribute(_STATUS, code.value[0])
        if code in _SERVER_ERRORS:
            self._span.set_status(Status(StatusCode.ERROR, f"{code}:{details}"))
        await self._context.abort(code, details, trailing_metadata)
        raise AssertionError("`abort` returned")


def _recorded(handler: Handler, span: Span, method: str) -> Handler:
    """Return a handler that runs inside `span` and ends it."""

    def recording(context: _Context) -> contextlib.AbstractContextManager[Span]:
        span.set_attributes(_attributes(method, context))
        # Only `abort` ends a call with an error: see `ErrorExit`.
        return use_span(
            span, end_on_exit=True, record_exception=False, set_status_on_exception=False
        )

    async def answer(request: object, context: _Context) -> object:
        with recording(context):
            behaviour = cast("_Behaviour", handler.unary_unary or handler.stream_unary)
            return await behaviour(request, _RecordedContext(context, span))

    async def stream(request: object, context: _Context) -> None:
        with recording(context):
            behaviour = handler.unary_stream or handler.stream_stream
            inner = _RecordedContext(context, span)
            if inspect.iscoroutinefunction(behaviour):
                await cast("_Behaviour", behaviour)(request, inner)
                return
            generator = cast("_Generator", behaviour)
            async with contextlib.aclosing(generator(request, inner)) as responses:
                async for response in responses:
                    await context.write(response)

    return alike(handler, stream if handler.response_streaming else answer)


def _attributes(method: str, context: _Context) -> Mapping[str, AttributeValue]:
    service, _, name = method[1:].partition("/")
    found: dict[str, AttributeValue] = {
        "rpc.system": "grpc",
        "rpc.service": service,
        "rpc.method": name,
        _STATUS: grpc.StatusCode.OK.value[0],
    }
    for key, value in context.invocation_metadata() or ():
        if key == _USER_AGENT:
            found["rpc.user_agent"] = value
    # `ipv4:10.0.0.1:57284`, `ipv6:%5B::1%5D:57284`, `unix:PATH`
    family, _, address = context.peer().partition(",")[0].partition(":")
    host, colon, port = address.rpartition(":")
    if family != "unix" and colon:
        host = unquote(host)
        found["net.peer.ip"] = host
        found["net.peer.port"] = port
        if host in _LOOPBACK:
            found["net.peer.name"] = "localhost"
    return found
