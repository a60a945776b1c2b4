"""The gRPC server: addresses, services, health checks, reflection and shutdown."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from grpc import aio

from routersvc.engine.router import Router
from routersvc.grpc_api import catalogue_servicer, health_checks, servicers
from routersvc.grpc_api.access.authentication import (
    AccessRules,
    Authentication,
    TurnedAway,
    ignore_turned_away,
)
from routersvc.grpc_api.catalogue_servicer import CatalogueServicer
from routersvc.grpc_api.certificates import Certificates
from routersvc.grpc_api.edges.opening import open_edge
from routersvc.grpc_api.errors.error_exit import ErrorExit
from routersvc.grpc_api.errors.running_calls import RunningCalls
from routersvc.grpc_api.health_checks import HealthChecks
from routersvc.grpc_api.reflection import REFLECTION_SERVICES, reflection_handlers
from routersvc.grpc_api.server_options import ServerOptions
from routersvc.grpc_api.servicers import RouterServicer, Unreadable, ignore_unreadable

SERVICES = (servicers.SERVICE_NAME, catalogue_servicer.SERVICE_NAME)
"""The router's own services: tracked, authenticated, and with a shared health state."""


class EdgeServer:
    """Serves a router over gRPC, in the event loop that created it.

    `access` says who calls and what each may call; without it, every call is accepted without a
    tenant. `turned_away` is called for each call that it refuses, `unreadable` for each whose
    request cannot be read or exceeds a limit.
    `outer_interceptors` wrap the error exit, the outermost first. `make_id` returns unique ids,
    `wall_clock` seconds since the epoch.
    """

    def __init__(
        self,
        *,
        options: ServerOptions,
        router: Router,
        make_id: Callable[[], str],
        wall_clock: Callable[[], float],
        access: AccessRules | None = None,
        turned_away: TurnedAway = ignore_turned_away,
        unreadable: Unreadable = ignore_unreadable,
        outer_interceptors: Sequence[aio.ServerInterceptor] = (),
    ) -> None:
        self.health = HealthChecks(SERVICES)
        self.calls = RunningCalls()
        self._options = options
        self._servicer = servicer = RouterServicer(
            router=router,
            deadlines=options.deadlines,
            limits=options.limits,
            make_id=make_id,
            wall_clock=wall_clock,
            unreadable=unreadable,
        )
        catalogue = CatalogueServicer(router=router)
        handlers = [servicer.handler(), catalogue.handler(), self.health.handler()]
        if options.reflection:
            handlers.extend(reflection_handlers([*SERVICES, health_checks.SERVICE_NAME]))
        exit_ = ErrorExit(calls=self.calls, tracked=frozenset(SERVICES), make_id=make_id)
        self.certificates = None if options.tls is None else Certificates(options.tls)
        closed = (*SERVICES, *(REFLECTION_SERVICES if options.authenticated_reflection else ()))
        self.authentication = Authentication(
            rules=access or AccessRules(),
            services=closed,
            turned_away=turned_away,
        )
        self._edge = open_edge(
            options=options,
            handlers=handlers,
            interceptors=[*outer_interceptors, exit_, self.authentication],
            certificates=self.certificates,
        )

    def reconfigure(self, options: ServerOptions, access: AccessRules) -> None:
        """Receive calls by other rules from now on: deadlines, limits, access, certificate.

        The other options hold from the start to the end of a server.
        """
        certificates, tls = self.certificates, options.tls
        if certificates is not None and tls is not None and certificates.takes(tls):
            certificates.replace(tls)
        # Clients present certificates if they were asked to at the start.
        by_certificate = certificates is not None and certificates.requires_clients
        self.authentication.rules = dataclasses.replace(access, by_certificate=by_certificate)
        self._servicer.reconfigure(deadlines=options.deadlines, limits=options.limits)

    async def start(self) -> tuple[str, ...]:
        """Listen, report `SERVING`, and return the addresses with their actual ports.

        Raises:
            OSError: an address cannot be bound.
        """
        addresses = await self._edge.start()
        self.health.serving()
        return addresses

    async def stop(self, *, grace: float) -> None:
        """End every watch, refuse new calls, give running ones `grace` seconds, and close."""
        self.health.close()
        await self._edge.stop(grace=grace)
