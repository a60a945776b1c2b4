"""A simulator: some providers, one control port, one event loop.

async with Simulator.start([ProviderCharacter(name="alpha")]) as simulator:
    alpha = simulator.provider("alpha")
    alpha.inject(Fault(effect=Stall(after_tokens=3), count=1))
    ...
    await alpha.settled()
    assert alpha.log[0].outcome is Outcome.CLIENT_HUNG_UP
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator, Callable, Sequence

from routersvc.simulator.control.control import ControlEndpoint
from routersvc.simulator.control.settings import SimulatorSettings
from routersvc.simulator.errors import UnknownProviderError
from routersvc.simulator.serving.activity import ActivityCounter
from routersvc.simulator.serving.clocks import Clock
from routersvc.simulator.serving.listening import Listener
from routersvc.simulator.serving.provider import CONTROL_PREFIX, CountingServer, SimulatedProvider
from routersvc.simulator.serving.provider_characters import ProviderCharacter


class Simulator:
    """The simulated providers of one process, and its control port."""

    def __init__(self, settings: SimulatorSettings) -> None:
        """Create the providers and bind every port, without accepting connections.

        Raises:
            PortUnavailableError: a port is taken.
        """
        self.settings = settings
        clock = Clock(asyncio.get_running_loop())
        serials = itertools.count(1)
        endpoint = ControlEndpoint(clock.http_date)
        self._control_connections = ActivityCounter()
        self._control_server = CountingServer(endpoint.serve_all, self._control_connections)
        self._providers: dict[str, SimulatedProvider] = {}
        self._control_listener = Listener(settings.host, settings.control_port)
        try:
            for character in settings.providers:
                provider = SimulatedProvider(
                    character,
                    host=settings.host,
                    clock=clock,
                    log_capacity=settings.log_capacity,
                    control=endpoint.serve_one,
                    serials=serials,
                )
                self._providers[provider.name] = provider
                endpoint.add(provider)
        except BaseException:
            self._control_listener.release()
            for provider in self._providers.values():
                provider.release()
            raise

    @classmethod
    @contextlib.asynccontextmanager
    async def start(
        cls, providers: SimulatorSettings | Sequence[ProviderCharacter]
    ) -> AsyncGenerator[Simulator]:
        """Run a simulator while the context lasts.

        Raises:
            PortUnavailableError: a port is taken.
        """
        if not isinstance(providers, SimulatorSettings):
            providers = SimulatorSettings(providers=tuple(providers))
        simulator = cls(providers)
        try:
            await simulator.open()
            yield simulator
        finally:
            await simulator.close()

    @property
    def providers(self) -> tuple[SimulatedProvider, ...]:
        """All providers, in the order of the settings."""
        return tuple(self._providers.values())

    @property
    def control_url(self) -> str:
        """The URL of the control endpoint for all providers."""
        return f"http://{self._control_listener.authority}{CONTROL_PREFIX}"

    def provider(self, name: str) -> SimulatedProvider:
        """Return one provider.

        Raises:
            UnknownProviderError: no provider has this name.
        """
        try:
            return self._providers[name]
        except KeyError:
            raise UnknownProviderError(name, tuple(self._providers)) from None

    def addresses(self) -> dict[str, object]:
        """Return the addresses of all ports, as JSON types."""
        return {
            "control_url": self.control_url,
            "providers": {
                provider.name: {
                    "base_url": provider.base_url,
                    "port": provider.port,
                    "wire_format": provider.character.wire_format,
                    "models": [model.id for model in provider.character.models],
                }
                for provider in self.providers
            },
        }

    async def open(self) -> None:
        """Accept connections on every port.

        Raises:
            PortUnavailableError: a port was taken in the meantime.
        """
        await self._control_listener.open(self._control_server)
        for provider in self.providers:
            await provider.revive()

    async def close(self) -> None:
        """Close every connection and release every port."""
        self._control_listener.close()
        self._control_server.accepting = False
        self._control_server.reset_connections()
        await self._control_connections.when(lambda activity: activity.open_connections == 0)
        await self._control_server.shutdown()
        self._control_listener.release()
        for provider in self.providers:
            await provider.close()


async def run(
    settings: SimulatorSettings,
    *,
    ready: Callable[[Simulator], None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Run a simulator until `stop` is set or the task is cancelled.

    `ready` is called when every port accepts connections.

    Raises:
        PortUnavailableError: a port is taken.
    """
    async with Simulator.start(settings) as simulator:
        if ready is not None:
            ready(simulator)
        await (stop or asyncio.Event()).wait()
