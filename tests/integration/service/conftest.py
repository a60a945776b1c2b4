"""The whole service over real sockets: simulated providers, router, gRPC client, in one loop."""

from __future__ import annotations

import contextlib
import dataclasses
import io
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from routersvc.app.application import Application, open_application
from routersvc.app.wire_formats import known_wire_formats
from routersvc.grpc_api.client.client import RouterClient
from routersvc.settings.loading import load_settings
from routersvc.simulator import Behaviour, Constant, Fixed, ProviderCharacter, Simulator

ANSWER = " ".join(f"word{place}" for place in range(30))
"""What every simulated provider says: a truncated answer cannot be mistaken for it."""

PROVIDERS = ("alpha", "beta", "gamma")

BEHAVIOUR = Behaviour(
    time_to_first_token=Constant(value=0.01),
    time_between_tokens=Constant(value=0.001),
    answer=Fixed(text=ANSWER),
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """A router among three simulated providers, and a client of it."""

    simulator: Simulator
    application: Application
    client: RouterClient
    log: io.StringIO

    async def settled(self) -> None:
        """Wait until nothing is under way anywhere."""
        await self.application.router.wait_idle()
        for provider in self.simulator.providers:
            await provider.settled()


Start = Callable[..., AbstractAsyncContextManager[Service]]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Return what runs a service for as long as a context lasts.

    Keywords become keys of the default policy, whose order is fixed unless one of them says
    otherwise; `connections` is the limit of each provider, which
    speaks `wire_format`. `checks` are the active ones: none,
    because what providers log should be the calls of the test. `more` are further sections.
    """

    @contextlib.asynccontextmanager
    async def running(
        behaviour: Behaviour = BEHAVIOUR,
        *,
        connections: int = 200,
        wire_format: str = "openai_chat",
        server: Mapping[str, object] | None = None,
        checks: str = "{method: off}",
        more: str = "",
        **policy: object,
    ) -> AsyncGenerator[Service]:
        characters = [
            ProviderCharacter(
                name=name,
                behaviour=behaviour,
                api_keys=("a key of the test",),
                wire_format=wire_format,
            )
            for name in PROVIDERS
        ]
        async with Simulator.start(characters) as simulator:
            file = tmp_path / "settings.yaml"
            file.write_text(
                _settings(simulator, connections, wire_format, server or {}, checks, policy) + more
            )
            settings = load_settings(
                file,
                environment={"KEY": "a key of the test"},
                known_wire_formats=known_wire_formats(),
            )
            log = io.StringIO()
            async with (
                open_application(
                    settings, stream=log, wall_clock=lambda: 1_800_000_000.0
                ) as application,
                RouterClient(application.addresses[0], timeout=30.0) as client,
            ):
                yield Service(simulator=simulator, application=application, client=client, log=log)

    return running


@pytest.fixture
async def service(start: Start) -> AsyncIterator[Service]:
    """A service with the settings that most tests want."""
    async with start() as running:
        yield running


def _settings(
    simulator: Simulator,
    connections: int,
    wire_format: str,
    server: Mapping[str, object],
    checks: str,
    policy: Mapping[str, object],
) -> str:
    lines = ["server:", '  listen: ["127.0.0.1:0"]']
    lines += [f"  {key}: {value}" for key, value in server.items()]
    lines += ["fleet:", f"  checks: {checks}", "providers:"]
    for provider in simulator.providers:
        lines += [
            f"  {provider.name}:",
            f"    wire_format: {wire_format}",
            "    dialect: openai",
            f"    base_url: {provider.base_url}",
            "    api_key: env:KEY",
            f"    connections: {{limit: {connections}}}",
        ]
    lines += [
        "models:",
        "  sim-large: {context_window: 128000, capabilities: [streaming, tools, hosted_tools]}",
        "deployments:",
    ]
    lines += [f"  {name}-large: {{provider: {name}, model: sim-large}}" for name in PROVIDERS]
    lines += [
        "policies:",
        "  default:",
        "    deployments: [alpha-large, beta-large, gamma-large]",
    ]
    lines += [f"    {key}: {value}" for key, value in {"order": "fixed", **policy}.items()]
    return "\n".join(lines)
