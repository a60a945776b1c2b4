"""Active checks over real sockets: an idle provider is asked for its list of models."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from routersvc.domain.fleet.health import DeploymentHealth, HealthState

Start = Callable[..., AbstractAsyncContextManager[Any]]


async def test_dead_provider_is_known_before_anybody_calls_it(start: Start) -> None:
    """The checks at the start find two providers alive and the third one dead."""
    async with start(checks="{interval: 50ms, timeout: 60s}") as service:
        await service.simulator.provider("gamma").kill()
        health: dict[str, DeploymentHealth] = {}

        async with asyncio.timeout(60.0):
            while not _both_kinds(health):
                await service.simulator.provider("alpha").settled()
                await asyncio.sleep(0)
                health = {
                    each.deployment.name: each for each in service.application.router.health()
                }

        probe = health["alpha-large"].last_probe
        assert probe is not None
        assert probe.succeeded
        (path,) = {record.path for record in service.simulator.provider("alpha").log}
        assert path.endswith("/models")


def _both_kinds(health: dict[str, DeploymentHealth]) -> bool:
    if not health:
        return False
    found_dead = health["gamma-large"].state is HealthState.UNAVAILABLE
    return found_dead and health["alpha-large"].last_probe is not None
