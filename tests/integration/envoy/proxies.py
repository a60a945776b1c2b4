"""Envoy with the configuration of `deploy/envoy`, in front of replicas on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import socket
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import httpx
import yaml

DEPLOY = Path(__file__).resolve().parents[3] / "deploy/envoy"
PATIENCE = 60.0
POLL_INTERVAL = 0.02


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Proxy:
    """A running Envoy: `address` for callers, `admin` for its statistics."""

    address: str
    admin: httpx.AsyncClient

    async def stat(self, name: str) -> int:
        """Return a counter or gauge of the cluster of the replicas."""
        response = await self.admin.get("/stats", params={"filter": f"^cluster.router.{name}$"})
        return int(response.text.rpartition(":")[2])

    async def wait_for(self, name: str, value: int) -> None:
        """Wait until a counter or gauge has a value.

        Raises:
            TimeoutError: it does not have it within a minute.
        """
        async with asyncio.timeout(PATIENCE):
            while await self.stat(name) != value:  # noqa: ASYNC110 - Envoy tells nobody
                await asyncio.sleep(POLL_INTERVAL)

    async def calls(self) -> list[int]:
        """Return how many calls each replica got, in the order of their addresses."""
        response = await self.admin.get("/clusters", params={"format": "json"})
        (cluster,) = response.json()["cluster_statuses"]
        stats = {
            host["address"]["socket_address"]["port_value"]: {
                each["name"]: int(each.get("value", 0)) for each in host["stats"]
            }
            for host in cluster["host_statuses"]
        }
        return [stats[port]["rq_total"] for port in sorted(stats)]


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def running(
    program: Path, folder: Path, replicas: Sequence[str], **check: str
) -> AsyncGenerator[Proxy]:
    """Run Envoy in front of `replicas` for the context; yield it when all of them are healthy.

    Only addresses and paths of the shipped file are replaced, and what `check` says of the health
    check.
    """
    listen, admin = free_port(), free_port()
    file = folder / "envoy.yaml"
    file.write_text(yaml.safe_dump(_configuration(listen, admin, replicas, check)))
    options = ("--use-dynamic-base-id", "--concurrency", "1", "--log-level", "error")
    process = await asyncio.create_subprocess_exec(program, *options, "-c", file)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{admin}") as client:
            proxy = Proxy(address=f"127.0.0.1:{listen}", admin=client)
            await _listening(client, process)
            await proxy.wait_for("membership_healthy", len(replicas))
            yield proxy
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _listening(client: httpx.AsyncClient, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(PATIENCE):
        while process.returncode is None:
            with contextlib.suppress(httpx.TransportError):
                if (await client.get("/ready")).is_success:
                    return
            await asyncio.sleep(POLL_INTERVAL)
    raise AssertionError(f"Envoy ended with {process.returncode}")


def _configuration(
    listen: int, admin: int, replicas: Sequence[str], check: dict[str, str]
) -> dict[str, Any]:
    text = (DEPLOY / "envoy.yaml").read_text("utf-8")
    document: dict[str, Any] = yaml.safe_load(text.replace("/etc/envoy", str(DEPLOY)))
    resources = document["static_resources"]
    resources["listeners"][0]["address"] = _address("127.0.0.1", listen)
    document["admin"]["address"] = _address("127.0.0.1", admin)
    cluster = resources["clusters"][0]
    cluster["health_checks"][0] |= check
    cluster["load_assignment"]["endpoints"] = [
        {
            "lb_endpoints": [
                {"endpoint": {"address": _address(*replica.rsplit(":", 1))}} for replica in replicas
            ]
        }
    ]
    return document


def _address(host: str, port: int | str) -> dict[str, Any]:
    return {"socket_address": {"address": host, "port_value": int(port)}}
