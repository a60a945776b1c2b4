"""The simulator as a process of its own, as benches and demos start it."""

from __future__ import annotations

import asyncio
import json
import pathlib
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from routersvc.simulator import ProviderCharacter, Simulator, SimulatorSettings, run


@asynccontextmanager
async def _process(*arguments: str) -> AsyncGenerator[tuple[asyncio.subprocess.Process, Any]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "routersvc.simulator",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield process, json.loads(await process.stdout.readline())
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_tells_its_addresses_serves_and_ends_on_a_signal(number: signal.Signals) -> None:
    """One line of JSON, working addresses, status 0, nothing on standard error."""
    async with (
        _process("--provider", "a", "--provider", "b=fast", "--port", "0") as (
            process,
            addresses,
        ),
        aiohttp.ClientSession() as session,
    ):
        for provider in addresses["providers"].values():
            async with session.get(f"{provider['base_url']}/models") as response:
                listed = await response.json()
            assert [model["id"] for model in listed["data"]] == provider["models"]
        async with session.get(addresses["control_url"]) as response:
            assert list(await response.json()) == ["a", "b"]
        process.send_signal(number)
        rest, errors = await process.communicate()

    assert (process.returncode, rest, errors) == (0, b"", b"")


async def test_it_plays_what_a_file_says(tmp_path: pathlib.Path) -> None:
    """The way of every longer drill."""
    file = tmp_path / "sim.yaml"
    file.write_text(
        "providers:\n  - {name: solo, character: fast, models: [{id: tiny}]}\n", encoding="utf-8"
    )

    async with _process("--config", str(file)) as (_, addresses):
        assert addresses["providers"]["solo"]["models"] == ["tiny"]


async def test_run_ends_when_it_is_told() -> None:
    """Another program can own it."""
    stop = asyncio.Event()
    seen: list[Simulator] = []

    def ready(simulator: Simulator) -> None:
        seen.append(simulator)
        stop.set()

    await run(SimulatorSettings(providers=(ProviderCharacter(name="a"),)), ready=ready, stop=stop)

    assert not seen[0].provider("a").alive


async def test_run_ends_when_it_is_cancelled() -> None:
    """And leaves nothing behind."""
    before = asyncio.all_tasks()
    settings = SimulatorSettings(providers=(ProviderCharacter(name="a"),))
    ready = asyncio.Event()

    async with asyncio.TaskGroup() as group:
        running = group.create_task(run(settings, ready=lambda _: ready.set()))
        await ready.wait()
        running.cancel()

    assert running.cancelled()
    assert asyncio.all_tasks() == before
