"""Controls a running simulator: kills and revives providers, injects faults, reads their logs."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import aiohttp

from bench.sockets.clocks import instant

LOG_CAPACITY = 100_000
_COMPLETIONS = "/chat/completions"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class UpstreamRequest:
    """One request as a provider saw it; times are seconds since 1970."""

    provider: str
    trace_id: str
    received_at: float
    ended_at: float | None
    outcome: str
    status: int | None


class SimulatorControl:
    """The control endpoint of a simulator."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._session = session

    async def kill(self, provider: str) -> None:
        """Kill a provider."""
        await self._ask("POST", f"/providers/{provider}/kill")

    async def revive(self, provider: str) -> None:
        """Revive a provider."""
        await self._ask("POST", f"/providers/{provider}/revive")

    async def cut(self, provider: str) -> None:
        """Reset the connections of all answers that have begun at a provider."""
        await self._ask("POST", f"/providers/{provider}/cut")

    async def inject(self, provider: str, fault: Mapping[str, object]) -> None:
        """Inject a fault."""
        await self._ask("POST", f"/providers/{provider}/faults", fault)

    async def clear_faults(self, provider: str) -> None:
        """Remove all faults of a provider."""
        await self._ask("DELETE", f"/providers/{provider}/faults")

    async def requests_in_flight(self) -> int:
        """Return how many requests all providers have under way."""
        activity = await self._ask("GET", "/activity")
        return sum(one["requests_in_flight"] for one in activity.values())

    async def log(self) -> list[UpstreamRequest]:
        """Return the completions that all providers were asked for, oldest first.

        The router's own checks, which ask for the list of models, are none.

        Raises:
            RuntimeError: some were forgotten.
        """
        log = await self._ask("GET", f"/log?limit={LOG_CAPACITY}")
        if log["forgotten"]:
            raise RuntimeError(f"the simulator forgot {log['forgotten']} requests")
        return [
            _request(entry) for entry in log["requests"] if entry["path"].endswith(_COMPLETIONS)
        ]

    async def _ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401 - JSON
        async with self._session.request(method, self._url + path, json=body) as response:
            content = await response.json()
        if not response.ok:
            raise RuntimeError(f"the simulator refused {method} {path}: {content}")
        return content


@contextlib.asynccontextmanager
async def open_control(url: str) -> AsyncGenerator[SimulatorControl]:
    """Yield the control of the simulator at this address."""
    async with aiohttp.ClientSession() as session:
        yield SimulatorControl(url, session)


def _request(entry: Mapping[str, Any]) -> UpstreamRequest:
    received_at = instant(entry["received_time"])
    ended_after: float | None = entry["ended_after"]
    return UpstreamRequest(
        provider=entry["provider"],
        trace_id=entry["headers"].get("traceparent", "--").split("-")[1],
        received_at=received_at,
        ended_at=None if ended_after is None else received_at + ended_after,
        outcome=entry["outcome"],
        status=entry["status"],
    )
