"""The environment of a scenario: providers, router and callers in separate processes."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import re
from collections.abc import AsyncGenerator, Mapping, Sequence

import aiohttp

from bench.processes import (
    RouterProcess,
    SimulatorProcess,
    busy_time,
    cpu_time,
    run_router,
    run_simulator,
)
from bench.sockets.callers import Callers
from bench.sockets.clocks import now
from bench.sockets.controls import LOG_CAPACITY, SimulatorControl, open_control
from bench.sockets.findings import Usage
from llmrouter.v1.health_pb2 import DeploymentHealth
from routersvc.grpc_api.client.client import RouterClient
from routersvc.grpc_api.client.messages import ProviderHealthRequest

PROVIDERS = ("alpha", "beta", "gamma")
MODEL = "sim-large"

_METRIC = re.compile(r"^(routersvc_\w+)(?:\{[^}]*\})? (\S+)$", re.MULTILINE)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """Everything that a scenario works with."""

    router: RouterProcess
    providers: SimulatorProcess
    control: SimulatorControl
    callers: Callers
    client: RouterClient

    async def health(self, provider: str) -> DeploymentHealth:
        """Return the health of the deployment at a provider, as the router reports it."""
        request = ProviderHealthRequest(deployments=[deployment_of(provider)])
        (health,) = (await self.client.health(request)).deployments
        return health

    async def metric(self, name: str) -> float:
        """Return a metric of the router, added up over its labels."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://{self.router.metrics_address}/metrics") as response,
        ):
            text = await response.text()
        return sum(float(value) for found, value in _METRIC.findall(text) if found == name)


class UsageMeter:
    """Measures which processes use the machine from now on."""

    def __init__(self, router: int, providers: int) -> None:
        self._pids = (router, providers, os.getpid())
        self._began = now()
        self._busy = busy_time()
        self._used = [_cpu(pid) for pid in self._pids]

    def usage(self) -> Usage:
        """Return how many processors were in use on the average."""
        seconds = now() - self._began
        busy = (busy_time() - self._busy) / seconds
        own = [
            (_cpu(pid) - before) / seconds
            for pid, before in zip(self._pids, self._used, strict=True)
        ]
        router, providers, generator = own
        return Usage(
            seconds=seconds,
            router=router,
            providers=providers,
            generator=generator,
            others=max(0.0, busy - sum(own)),
        )


def deployment_of(provider: str) -> str:
    """Return the name of the deployment at a provider."""
    return f"{provider}-large"


@contextlib.asynccontextmanager
async def open_stage(
    folder: pathlib.Path,
    *,
    behaviour: Mapping[str, object],
    policy: Mapping[str, object] | None = None,
    providers: Sequence[str] = PROVIDERS,
    connections: Mapping[str, object] | None = None,
    fleet: Mapping[str, object] | None = None,
    command: Sequence[str] = (),
) -> AsyncGenerator[Stage]:
    """Yield a stage whose providers behave alike, with a policy of these keys over all of them.

    `connections` and `fleet` are those sections of its settings. `command` replaces the arguments
    with which Python runs the router.
    """
    simulator = {
        "log_capacity": LOG_CAPACITY,
        "control_port": 0,
        "providers": [
            {"name": name, "port": 0, "seed": seed, "behaviour": dict(behaviour)}
            for seed, name in enumerate(providers)
        ],
    }
    with contextlib.ExitStack() as stack:
        simulated = stack.enter_context(run_simulator(simulator, folder))
        settings = {
            **router_settings(simulated.base_urls, policy or {}, connections or {}),
            "fleet": fleet or {},
        }
        router = stack.enter_context(run_router(settings, folder, *command))
        callers = Callers(router.address)
        async with (
            open_control(simulated.control_url) as control,
            RouterClient(router.address, timeout=10.0) as client,
        ):
            try:
                yield Stage(
                    router=router,
                    providers=simulated,
                    control=control,
                    callers=callers,
                    client=client,
                )
            finally:
                await callers.close()


def router_settings(
    base_urls: Mapping[str, str],
    policy: Mapping[str, object],
    connections: Mapping[str, object],
) -> dict[str, object]:
    """Return the settings of a router among providers at these addresses, by name."""
    return {
        "providers": {
            name: {
                "wire_format": "openai_chat",
                "base_url": url,
                "connections": dict(connections),
            }
            for name, url in base_urls.items()
        },
        "models": {MODEL: {"context_window": 128_000}},
        "deployments": {
            deployment_of(name): {"provider": name, "model": MODEL} for name in base_urls
        },
        "policies": {
            "default": {"deployments": [deployment_of(name) for name in base_urls], **policy}
        },
        "server": {"listen": ["127.0.0.1:0"], "drain": {"notice_delay": 0, "grace": 1}},
        "telemetry": {
            "log": {"level": "error"},
            "prometheus": {"listen": "127.0.0.1:0"},
        },
    }


def _cpu(pid: int) -> float:
    used = cpu_time(pid)
    return used.user + used.kernel
