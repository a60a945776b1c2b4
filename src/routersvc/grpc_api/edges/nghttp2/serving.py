"""Serves one call: finds its handler through the interceptors, runs it, and sends its status."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any, TypeAlias, cast

import grpc
from grpc import aio

from routersvc.grpc_api.edges.nghttp2.calls import Call
from routersvc.grpc_api.edges.nghttp2.contexts import Context
from routersvc.grpc_api.edges.nghttp2.limits import RefusedCallError
from routersvc.grpc_api.edges.nghttp2.metadata import RequestHead
from routersvc.grpc_api.wrapped_handlers import Handler

logger = logging.getLogger(__name__)

_Continuation: TypeAlias = "Callable[[RequestHead], Awaitable[Handler | None]]"


class Methods:
    """The handlers of all methods, behind the interceptors, of which the first is the outermost."""

    def __init__(
        self,
        handlers: Sequence[grpc.GenericRpcHandler],
        interceptors: Sequence[aio.ServerInterceptor],
    ) -> None:
        self._handlers = tuple(handlers)
        self._known: dict[str, Handler] = {}
        find: _Continuation = self._registered
        for interceptor in reversed(interceptors):
            # The stubs declare synchronous interceptors.
            intercept = cast("Any", interceptor.intercept_service)
            find = functools.partial(intercept, find)
        self.find = find

    async def _registered(self, details: RequestHead) -> Handler | None:
        known = self._known.get(details.method)
        if known is not None:
            return known
        for generic in self._handlers:
            handler = generic.service(cast("grpc.HandlerCallDetails", details))
            if handler is not None:
                self._known[details.method] = handler
                return handler
        return None


async def serve(
    call: Call, methods: Methods, *, loop_time: Callable[[], float], max_bytes: int
) -> None:
    """Serve a call to its status. Responses are at most `max_bytes` large."""
    try:
        handler = await methods.find(call.head)
        if handler is None:
            call.finish(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")
            return
        context = Context(
            call=call,
            serialize=handler.response_serializer,
            loop_time=loop_time,
            max_bytes=max_bytes,
        )
        request = await _request(call, handler, context)
        if handler.response_streaming:
            await _stream(handler.stream_stream or handler.unary_stream, request, context)
        else:
            behaviour = cast("Any", handler.unary_unary or handler.stream_unary)
            context.answer(await behaviour(request, context))
        context.finish()
    except RefusedCallError as error:
        call.finish(error.code, error.message)
    except asyncio.CancelledError:
        call.finish(grpc.StatusCode.CANCELLED, "the call was cancelled by the server")
        raise
    except aio.AbortError:
        # `abort` has sent the status.
        call.finish(grpc.StatusCode.UNKNOWN, "aborted without a status")
    except Exception:
        logger.exception(
            "unexpected error in RPC handler", extra={"fields": {"method": call.head.method}}
        )
        call.finish(grpc.StatusCode.UNKNOWN, "unexpected error in RPC handler")


async def _request(call: Call, handler: Handler, context: Context) -> object:
    """Return the request of a call: its only message, or the iterator over its messages."""
    deserialize = handler.request_deserializer
    if handler.request_streaming:
        return context.requests(deserialize)
    message = await call.receive()
    if message is None:
        raise RefusedCallError(grpc.StatusCode.INTERNAL, "the call has no request message")
    return message if deserialize is None else deserialize(message)


async def _stream(behaviour: Any, request: object, context: Context) -> None:  # noqa: ANN401 - handlers are untyped
    """Run a handler that yields its responses, or writes them itself."""
    result = behaviour(request, context)
    if isinstance(result, AsyncGenerator):
        generated = cast("AsyncGenerator[object]", result)
        async with contextlib.aclosing(generated) as responses:
            async for response in responses:
                await context.write(response)
    else:
        await result
