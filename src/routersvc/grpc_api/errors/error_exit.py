"""The error exit: an interceptor that ends every failed call with `context.abort`.

Runs inside the interceptor of OpenTelemetry, whose span takes its status only from `abort`. It
deserialises requests itself, because grpc sends the text of the exception to the caller when a
request cannot be parsed.
"""

from __future__ import annotations

import contextlib
import inspect
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any, Never, TypeAlias, cast

import grpc
from google.protobuf.message import DecodeError
from grpc import aio

from routersvc.domain.outcomes.errors import FieldViolation, InvalidRequestError, RouterError
from routersvc.grpc_api.edges.port import CallContext
from routersvc.grpc_api.errors.running_calls import RunningCalls
from routersvc.grpc_api.errors.status_details import encoded_status
from routersvc.grpc_api.errors.statuses import status_of, unexpected_status
from routersvc.grpc_api.wrapped_handlers import Handler, WrappedHandlers, alike

logger = logging.getLogger(__name__)

_Behaviour: TypeAlias = Callable[[object, CallContext], Awaitable[object]]
_Generator: TypeAlias = Callable[[object, CallContext], AsyncGenerator[object]]


class ErrorExit(aio.ServerInterceptor):
    """Maps exceptions of handlers to statuses, and tracks the running calls of `tracked` services.

    `make_id` returns the references by which unexpected errors are found in the log.
    """

    def __init__(
        self, *, calls: RunningCalls, tracked: frozenset[str], make_id: Callable[[], str]
    ) -> None:
        self._calls = calls
        self._tracked = tracked
        self._make_id = make_id
        self._guarded = WrappedHandlers(self._guard)

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Return the handler of the method with error mapping; `None` for an unknown method.

        A call that an inner interceptor refuses ends before its message is received.
        """
        try:
            handler = await continuation(handler_call_details)
        except RouterError as error:
            return self._refusing(error, handler_call_details.method)
        if handler is None:
            return None
        return self._guarded.of(handler, handler_call_details.method)

    def _guard(self, handler: Handler, method: str) -> Handler:
        if handler.unary_unary is not None:
            return alike(handler, self._unary(handler, method), deserializes=False)
        if handler.unary_stream is not None:
            streaming = self._streaming(handler, handler.request_deserializer, method)
            return alike(handler, streaming, deserializes=False)
        if handler.stream_stream is not None:
            return alike(handler, self._streaming(handler, None, method))
        raise ValueError(f"`{method}` is client-streaming, which is not supported")

    def _refusing(self, error: RouterError, method: str) -> Handler:
        """Return a handler that ends a call; it takes a stream, so that grpc reads no message."""

        async def refused(_: object, context: CallContext) -> AsyncIterator[Never]:
            await self._abort(context, error, method)
            yield

        # The stubs declare synchronous behaviours only.
        return grpc.stream_stream_rpc_method_handler(cast("Any", refused))

    def _unary(
        self, handler: Handler, method: str
    ) -> Callable[[bytes, CallContext], Awaitable[object]]:
        # The stubs declare synchronous behaviours only.
        behaviour: _Behaviour = cast("_Behaviour", handler.unary_unary)
        deserialize = handler.request_deserializer

        async def guarded(raw: bytes, context: CallContext) -> object:
            try:
                async with self._running(method):
                    request = raw if deserialize is None else deserialize(raw)
                    return await behaviour(request, context)
            except aio.BaseError:
                raise
            except Exception as error:  # noqa: BLE001 - the error exit: nothing else may pass
                await self._abort(context, error, method)

        return guarded

    def _streaming(
        self, handler: Handler, deserialize: Callable[[Any], object] | None, method: str
    ) -> Callable[[object, CallContext], AsyncIterator[Never]]:
        """Return a generator that yields nothing and writes the responses itself.

        Outer interceptors iterate over a streaming handler. An abandoned generator
        is closed by the garbage collector later, in another task; a handler that writes its
        responses itself is cancelled at once.
        """
        behaviour = cast("_Behaviour", handler.unary_stream or handler.stream_stream)
        writes = inspect.iscoroutinefunction(behaviour)
        generate = cast("_Generator", behaviour)

        async def guarded(message: object, context: CallContext) -> AsyncIterator[Never]:
            try:
                async with self._running(method):
                    request = message if deserialize is None else deserialize(message)
                    if writes:
                        await behaviour(request, context)
                    else:
                        async with contextlib.aclosing(generate(request, context)) as responses:
                            async for response in responses:
                                await context.write(response)
            except aio.BaseError:
                raise
            except Exception as error:  # noqa: BLE001 - the error exit: nothing else may pass
                await self._abort(context, error, method)
            return
            yield

        return guarded

    def _running(self, method: str) -> contextlib.AbstractAsyncContextManager[None]:
        service = method[1:].partition("/")[0]
        return self._calls.running() if service in self._tracked else contextlib.nullcontext()

    async def _abort(self, context: CallContext, error: Exception, method: str) -> Never:
        if isinstance(error, DecodeError):
            error = InvalidRequestError(
                [FieldViolation(field="request", description="is not a valid message")]
            )
        status = status_of(error) if isinstance(error, RouterError) else None
        if status is None:
            reference = self._make_id()
            status = unexpected_status(reference)
            logger.error(
                "unexpected error in RPC handler",
                exc_info=error,
                extra={"fields": {"method": method, "reference": reference}},
            )
        message, trailers = encoded_status(status, time_remaining=context.time_remaining())
        await context.abort(status.code, message, trailers)
