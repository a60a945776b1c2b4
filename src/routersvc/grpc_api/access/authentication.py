"""Authenticates every call of the router's services before its message is received.

Health checks and reflection stay open, because load balancers and probes send no keys. The
`Authenticator` is a port; API keys are the built-in implementation. Other calls end with
`UNAUTHENTICATED`, and gRPC's flow control keeps all but the first 64 KB of their messages out.
"""

from __future__ import annotations

import contextvars
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Protocol

import grpc
from grpc import aio

from routersvc.domain.outcomes.errors import UnknownTenantError
from routersvc.grpc_api.wrapped_handlers import Handler

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

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Return the handler of the method, after authentication unless its service is open.

        Raises:
            UnknownTenantError: the caller is not authenticated.
        """
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or method[1:].partition("/")[0] not in self._services:
            return handler
        metadata: dict[str, str | bytes] = {}
        for key, value in handler_call_details.invocation_metadata or ():
            metadata.setdefault(key, value)
        try:
            _TENANT.set(self._authenticator.tenant_of(metadata))
        except UnknownTenantError:
            self._turned_away(handler.unary_stream is not None)
            raise
        return handler
