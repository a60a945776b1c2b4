"""The gRPC server: addresses, services, health checks, reflection and shutdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from grpc import aio

from routersvc.engine.router import Router
from routersvc.grpc_api import catalogue_servicer, health_checks, servicers
from routersvc.grpc_api.access.authentication import Authentication, Authenticator
from routersvc.grpc_api.catalogue_servicer import CatalogueServicer
from routersvc.grpc_api.edges.opening import open_edge
from routersvc.grpc_api.errors.error_exit import ErrorExit
from routersvc.grpc_api.errors.running_calls import RunningCalls
from routersvc.grpc_api.health_checks import HealthChecks
from routersvc.grpc_api.reflection import reflection_handlers
from routersvc.grpc_api.server_options import ServerOptions
from routersvc.grpc_api.servicers import RouterServicer, Unreadable, ignore_unreadable

SERVICES = (servicers.SERVICE_NAME, catalogue_servicer.SERVICE_NAME)
"""The router's own services: tracked, authenticated, and with a shared health state."""


def _ignore_refusal(_: bool) -> None:  # noqa: FBT001 - the signature of the callback
    """Do nothing."""


class EdgeServer:
    """Serves a router over gRPC, in the event loop that created it.

    `authenticator` returns the tenant of a call; without one, every call is accepted without a
    tenant. `turned_away` is called for each refused call with whether it is a streaming call,
    `unreadable` for each whose request cannot be read or exceeds a limit.
    `outer_interceptors` wrap the error exit, the outermost first. `make_id` returns unique ids,
    `wall_clock` seconds since the epoch.

    Raises:
        EdgeNotInstalledError: the package of the edge that the options name is not installed.
    """

    def __init__(
        self,
        *,
        options: ServerOptions,
        router: Router,
        make_id: Callable[[], str],
        wall_clock: Callable[[], float],
        authenticator: Authenticator | None = None,
        turned_away: Callable[[bool], None] = _ignore_refusal,
        unreadable: Unreadable = ignore_unreadable,
        outer_interceptors: Sequence[aio.ServerInterceptor] = (),
    ) -> None:
        self.health = HealthChecks(SERVICES)
        self.calls = RunningCalls()
        self._options = options
        servicer = RouterServicer(
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
        inner: list[aio.ServerInterceptor] = []
        if authenticator is not None:
            inner.append(
                Authentication(
                    authenticator=authenticator, services=SERVICES, turned_away=turned_away
                )
            )
        self._edge = open_edge(
            options=options,
            handlers=handlers,
            interceptors=[*outer_interceptors, exit_, *inner],
        )

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
