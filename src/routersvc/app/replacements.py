"""Replaces the configuration of a running service at once, and closes what is left unused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping

from routersvc.app.configurations import Preparation
from routersvc.app.draining import Drain
from routersvc.app.options import drain_rule
from routersvc.engine.router import Router
from routersvc.engine.tasks import TaskScope
from routersvc.grpc_api.server import EdgeServer
from routersvc.providers.http.connections import ProviderConnection
from routersvc.providers.http.gateway import ProviderGateway
from routersvc.settings.changes import waiting_for_restart
from routersvc.settings.settings import Settings


class Gateways:
    """The gateway in force, and earlier ones that running calls still use.

    A gateway that follows another one takes over the clients of providers that did not change,
    with their open connections.
    """

    def __init__(self, first: ProviderGateway, *, wall_clock: Callable[[], float]) -> None:
        self.current = first
        self._wall_clock = wall_clock
        self._open = [first]
        self._closing = TaskScope()

    def follow(
        self, connections: Mapping[str, ProviderConnection], providers: Iterable[str]
    ) -> ProviderGateway:
        """Make a gateway to `providers` the one in force; `connections` are those that are new."""
        clients = self.current.clients
        kept = {name: clients[name] for name in providers if name not in connections}
        self.current = ProviderGateway(connections, wall_clock=self._wall_clock, kept=kept)
        self._open.append(self.current)
        return self.current

    def close(self, gateway: ProviderGateway) -> None:
        """Begin to close a gateway that nothing uses any more."""
        self._open.remove(gateway)
        self._closing.start(gateway.aclose(), name="close unused connections")

    @property
    def open_gateways(self) -> int:
        """How many gateways are in use: the one in force, and those of calls that still run."""
        return len(self._open)

    async def settled(self) -> None:
        """Wait until what is unused is closed."""
        await self._closing.wait_ended()

    async def aclose(self) -> None:
        """Close every connection. Idempotent."""
        await self._closing.aclose()
        for gateway in self._open:
            await gateway.aclose()


class Replacement:
    """Applies settings to a running service."""

    def __init__(
        self,
        *,
        preparation: Preparation,
        gateways: Gateways,
        router: Router,
        server: EdgeServer,
        drain: Drain,
    ) -> None:
        self._preparation = preparation
        self._running = preparation.started
        self._gateways = gateways
        self._router = router
        self._server = server
        self._drain = drain

    async def apply(self, settings: Settings) -> None:
        """Run by other settings from now on; calls that run end as they began.

        What fails is prepared in a thread before anything is replaced.
        """
        configuration = await asyncio.to_thread(self._preparation.prepare, settings, self._running)
        before = self._gateways.current
        gateway = self._gateways.follow(configuration.connections, settings.endpoints)
        self._router.reconfigure(
            configuration.router, gateway, unused=lambda: self._gateways.close(before)
        )
        self._server.reconfigure(configuration.server, configuration.access)
        self._drain.rule = drain_rule(settings)
        self._running = settings
        started = self._preparation.started
        self._router.reloads.waiting_for_restart = waiting_for_restart(started, settings)
        keys = self._preparation.keys
        keys.warm_up()
        await keys.keep(settings.token_issuers.values())
