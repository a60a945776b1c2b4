"""Authenticates every call of the router's services before its message is received.

Health checks stay open, because load balancers and probes send no keys; reflection does by default.
Refused calls end with `UNAUTHENTICATED` or `PERMISSION_DENIED`, and gRPC's flow control keeps all
but the first 64 KB of their messages out. gRPC shows the client certificate only to the handler of
a method: a call without key and token is authenticated there, on a connection whose client has
proved its certificate.
"""

from __future__ import annotations

import contextvars
import dataclasses
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from typing import Any, Protocol

import grpc
from grpc import aio

from routersvc.domain.outcomes.errors import (
    AuthenticationUnavailableError,
    MethodNotAllowedError,
    RefusedError,
    UnknownTenantError,
)
from routersvc.grpc_api.access.callers import ClientCertificate, Metadata, credential_in
from routersvc.grpc_api.access.identities import Authenticator, identified
from routersvc.grpc_api.wrapped_handlers import Handler, WrappedHandlers, alike

_TENANT = contextvars.ContextVar("tenant", default="")
"""The tenant of the call in the current task: grpc starts one task per call."""

_Context = aio.ServicerContext[Any, Any]


def current_tenant() -> str:
    """Return the tenant of the call in the current task, empty if tenants are not configured."""
    return _TENANT.get()


class TurnedAway(Protocol):
    """Is told of each refused call."""

    def __call__(self, error: RefusedError, *, streaming: bool) -> None:
        """Note the call."""
        ...


def ignore_turned_away(error: RefusedError, *, streaming: bool) -> None:
    """Do nothing."""
    del error, streaming


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class AccessRules:
    """Who calls, and what each may call.

    Without an `authenticator` every call is accepted without a tenant. `methods` are the names of
    the allowed ones by tenant; a tenant without an entry may call all. `by_certificate` says that
    clients present certificates.
    """

    authenticator: Authenticator | None = None
    methods: Mapping[str, frozenset[str]] = dataclasses.field(
        default_factory=dict[str, frozenset[str]]
    )
    by_certificate: bool = False

    async def admit(
        self, method: str, metadata: Metadata, certificate: ClientCertificate | None = None
    ) -> str:
        """Return the tenant of a call of `/package.Service/Method`.

        Raises:
            UnknownTenantError: the caller is not authenticated.
            AuthenticationUnavailableError: it cannot be checked now.
            MethodNotAllowedError: its tenant may not call the method.
        """
        if self.authenticator is None:
            return ""
        tenant = await identified(self.authenticator, metadata, certificate)
        allowed = self.methods.get(tenant)
        name = method.rpartition("/")[2]
        if allowed is not None and name not in allowed:
            raise MethodNotAllowedError(name)
        return tenant


class Authentication(aio.ServerInterceptor):
    """Authenticates every call of `services`. Runs inside the error exit.

    `rules` may be replaced at any time; each call goes by those at its arrival.
    """

    def __init__(
        self, *, rules: AccessRules, services: Iterable[str], turned_away: TurnedAway
    ) -> None:
        self.rules = rules
        self._turned_away = turned_away
        self._services = frozenset(services)
        self._by_certificate = WrappedHandlers(self._guard)

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Return the handler of the method, after authentication unless its service is open.

        Raises:
            RefusedError: the caller is not authenticated, or may not call the method.
        """
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        rules = self.rules
        if (
            rules.authenticator is None
            or handler is None
            or method[1:].partition("/")[0] not in self._services
        ):
            return handler
        metadata = _first_values(handler_call_details.invocation_metadata)
        if rules.by_certificate and credential_in(metadata) is None:
            return self._by_certificate.of(handler, method)
        await self._admit(rules, method, metadata, None, streaming=_is_streaming(handler))
        return handler

    async def _admit(
        self,
        rules: AccessRules,
        method: str,
        metadata: Metadata,
        certificate: ClientCertificate | None,
        *,
        streaming: bool,
    ) -> None:
        try:
            _TENANT.set(await rules.admit(method, metadata, certificate))
        except (
            UnknownTenantError,
            AuthenticationUnavailableError,
            MethodNotAllowedError,
        ) as error:
            self._turned_away(error, streaming=streaming)
            raise

    def _guard(self, handler: Handler, method: str) -> Handler:
        """Return a handler that authenticates by the certificate of the connection first."""

        async def admit(context: _Context) -> None:
            await self._admit(
                self.rules,
                method,
                _first_values(context.invocation_metadata()),
                ClientCertificate.of(context.auth_context()),
                streaming=_is_streaming(handler),
            )

        behaviour: Any = handler.unary_unary or handler.unary_stream or handler.stream_stream
        guarded: Any
        if handler.unary_unary is not None or inspect.iscoroutinefunction(behaviour):

            async def answer(request: object, context: _Context) -> object:
                await admit(context)
                return await behaviour(request, context)

            guarded = answer
        else:

            async def generate(request: object, context: _Context) -> AsyncGenerator[object]:
                await admit(context)
                async for response in behaviour(request, context):
                    yield response

            guarded = generate
        return alike(handler, guarded)


def _is_streaming(handler: Handler) -> bool:
    return handler.unary_stream is not None


def _first_values(pairs: Iterable[tuple[str, str | bytes]] | None) -> dict[str, str | bytes]:
    metadata: dict[str, str | bytes] = {}
    for key, value in pairs or ():
        metadata.setdefault(key, value)
    return metadata
