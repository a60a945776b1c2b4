"""Authenticates every call of the router's services before its request is parsed.

Health checks and reflection stay open, because load balancers and probes send no keys. The
`Authenticator` is a port; API keys are the built-in implementation. Other calls end with
`UNAUTHENTICATED`.
"""

from __future__ import annotations

import contextvars
import functools
import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Protocol, TypeAlias, cast

import grpc
from grpc import aio

from routersvc.domain.outcomes.errors import UnknownTenantError
from routersvc.grpc_api.wrapped_handlers import Handler, WrappedHandlers

_Context = aio.ServicerContext[Any, Any]
_Behaviour: TypeAlias = Callable[[object, _Context], Awaitable[object]]

_TENANT = contextvars.ContextVar("tenant", default="")
"""The tenant of the call in the current task: grpc starts one task per call."""


class Authenticator(Protocol):
    """Identifies the tenant of a call."""

    def tenant_of(self, metadata: Mapping[str, str | bytes]) -> str:
        """Return the tenant's name from the call's metadata, whose keys are in lower case.

        Does no I/O.

        Raises:
            UnknownTenantError: the caller is not authenticated.
        """
        ...


def current_tenant() -> str:
    """Return the tenant of the call in the current task, empty if tenants are not configured."""
    return _TENANT.get()


class Authentication(aio.ServerInterceptor):
    """Authenticates every call of `services`. Runs inside the error exit.

    `turned_away` is called for each refused call with whether it is a streaming call.
    """

    def __init__(
        self,
        *,
        authenticator: Authenticator,
        services: Iterable[str],
        turned_away: Callable[[bool], None],
    ) -> None:
        self._authenticator = authenticator
        self._turned_away = turned_away
        self._services = frozenset(services)
        self._guarded = WrappedHandlers(self._guard)

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Return the handler of the method, with authentication unless its service is open."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or method[1:].partition("/")[0] not in self._services:
            return handler
        return self._guarded.of(handler, method)

    def _guard(self, handler: Handler, method: str) -> Handler:
        # The stubs know synchronous behaviours only.
        behaviour = cast("_Behaviour | None", handler.unary_unary or handler.unary_stream)
        if behaviour is None or not inspect.iscoroutinefunction(behaviour):
            raise ValueError(f"`{method}` is not a coroutine that takes one request")
        make = (
            grpc.unary_unary_rpc_method_handler
            if handler.unary_unary is not None
            else grpc.unary_stream_rpc_method_handler
        )
        return make(
            self._authenticated(
                behaviour,
                handler.request_deserializer,
                streaming=handler.unary_stream is not None,
            ),
            None,
            handler.response_serializer,
        )

    def _authenticated(
        self,
        behaviour: _Behaviour,
        deserialize: Callable[[bytes], object] | None,
        *,
        streaming: bool,
    ) -> Callable[[bytes, _Context], Awaitable[object]]:
        @functools.wraps(behaviour)
        async def authenticated(raw: bytes, context: _Context) -> object:
            metadata: dict[str, str | bytes] = {}
            for key, value in context.invocation_metadata() or ():
                metadata.setdefault(key, value)
            try:
                _TENANT.set(self._authenticator.tenant_of(metadata))
            except UnknownTenantError:
                self._turned_away(streaming)
                raise
            request = raw if deserialize is None else deserialize(raw)
            return await behaviour(request, context)

        return authenticated
