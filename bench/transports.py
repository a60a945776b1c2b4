"""`python -m bench.transports`: the CPU time of an attempt over each transport to the providers.

Both transports call the same simulated provider from this process, in turns: first the transport
alone (a request made, its body read), then whole attempts (encode, send, decode, events, deadline).
The table has the minimum and the median of the rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import pathlib
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping

import httpx

from bench.loops import loop_factory
from bench.overhead.processes import MODELS, PACED_TOKENS, run_provider
from bench.tables import table
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.providers import Provider
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.conversation.prompts import Prompt
from routersvc.engine.ports import AttemptCall
from routersvc.providers.formats.openai_chat.vendors import DIALECTS
from routersvc.providers.formats.openai_chat.wire import openai_chat
from routersvc.providers.http.aiohttp_transport import AiohttpTransport
from routersvc.providers.http.connections import ProviderClient, ProviderConnection
from routersvc.providers.http.gateway import ProviderGateway
from routersvc.providers.http.http1.transport import Http1Transport
from routersvc.providers.http.transports import ProviderTransport, TransportOptions

IN_FLIGHT = 16
UNITS = 1_000
PACED_STREAMS = 50
PACED_SECONDS = 2.0

TRANSPORTS: Mapping[str, Callable[[TransportOptions], ProviderTransport]] = {
    "aiohttp": AiohttpTransport,
    "http1": Http1Transport,
}


def main() -> None:
    """Measure as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m bench.transports", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="(default %(default)s)")
    rounds: int = parser.parse_args().rounds
    with (
        tempfile.TemporaryDirectory() as folder,
        run_provider(pathlib.Path(folder)) as provider,
        asyncio.Runner(loop_factory=loop_factory()) as runner,
    ):
        costs = runner.run(_measure(provider.base_urls, rounds))
    loads = dict.fromkeys(load for load, _ in costs)
    print(f"{rounds} rounds, load of the machine {os.getloadavg()[0]:.1f}\n")
    print(
        table(
            ["load", *TRANSPORTS],
            [[load, *(_figures(costs[load, name]) for name in TRANSPORTS)] for load in loads],
        )
    )


async def _measure(base_urls: Mapping[str, str], rounds: int) -> dict[tuple[str, str], list[float]]:
    """Return the seconds of CPU for a unit of each load, over each transport."""
    costs: dict[tuple[str, str], list[float]] = {}
    async with contextlib.AsyncExitStack() as stack:
        sides = {name: _Side(make, base_urls) for name, make in TRANSPORTS.items()}
        for side in sides.values():
            stack.push_async_callback(side.aclose)
        gc.collect()
        gc.freeze()
        for _ in range(rounds):
            for name, side in sides.items():
                for load, measured in side.loads.items():
                    costs.setdefault((load, name), []).append(await measured())
    return costs


class _Side:
    """One transport to each mode of the provider."""

    def __init__(
        self, make: Callable[[TransportOptions], ProviderTransport], base_urls: Mapping[str, str]
    ) -> None:
        connections = {
            mode: ProviderConnection(
                base_url=base_urls[mode],
                wire_format=openai_chat(DIALECTS["generic"]),
                transport=make(TransportOptions()),
            )
            for mode in MODELS
        }
        self._clients = {mode: ProviderClient(each) for mode, each in connections.items()}
        self._gateway = ProviderGateway(connections, wall_clock=lambda: 0.0)
        unary, stream = _call("unpaced", streaming=False), _call("unpaced", streaming=True)
        paced = _call("paced", streaming=True)
        self.loads: Mapping[str, Callable[[], Awaitable[float]]] = {
            "unary, transport": lambda: _cost(lambda: self._read(unary)),
            "unary, attempt": lambda: _cost(lambda: self._attempt(unary)),
            "stream of 48 tokens, transport": lambda: _cost(lambda: self._read(stream)),
            "stream of 48 tokens, attempt": lambda: _cost(lambda: self._attempt(stream)),
            f"token, {PACED_STREAMS} paced streams, attempt": lambda: self._paced_cost(paced),
        }

    async def aclose(self) -> None:
        """Close every connection."""
        await self._gateway.aclose()

    async def _read(self, call: AttemptCall) -> None:
        client = self._clients[call.deployment.provider.name]
        request = await client.request(
            client.wire_format.encode(call), credential="", headers={}, connect_timeout=5.0
        )
        response = await client.transport.handle_async_request(request)
        stream = response.stream
        if not isinstance(stream, httpx.AsyncByteStream):
            raise TypeError("a transport's response has an asynchronous stream")
        async for _ in stream:
            pass

    async def _attempt(self, call: AttemptCall) -> None:
        attempt = self._gateway.open(call)
        events = await attempt.receive()
        while not (events and isinstance(events[-1], Finished)):
            events = await attempt.receive()
        await attempt.aclose()

    async def _paced_cost(self, call: AttemptCall) -> float:
        """Return the seconds of CPU for a token of streams that are left after a while."""
        received = 0

        async def read() -> None:
            nonlocal received
            attempt = self._gateway.open(call)
            try:
                while True:
                    events = await attempt.receive()
                    received += len(events)
            finally:
                await attempt.aclose()

        started = time.process_time()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PACED_SECONDS), asyncio.TaskGroup() as group:
                for _ in range(PACED_STREAMS):
                    group.create_task(read())
        return (time.process_time() - started) / received


async def _cost(run: Callable[[], Awaitable[None]]) -> float:
    """Return the seconds of CPU for one of many runs."""
    left = UNITS

    async def work() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await run()

    started = time.process_time()
    async with asyncio.TaskGroup() as group:
        for _ in range(IN_FLIGHT):
            group.create_task(work())
    return (time.process_time() - started) / UNITS


def _call(mode: str, *, streaming: bool) -> AttemptCall:
    return AttemptCall(
        deployment=Deployment(
            name=mode,
            provider=Provider(name=mode, wire_format="openai_chat"),
            model=Model(name=mode, context_window=8192),
            wire_model="sim-large",
            credential="",
        ),
        prompt=Prompt(
            messages=(Message(role=Role.USER, parts=(TextPart(text="Hello, how are you?"),)),)
        ),
        streaming=streaming,
        connect_timeout=5.0,
        timeout=PACED_TOKENS * 1.0,
        headers={},
    )


def _figures(seconds: list[float]) -> str:
    return f"{min(seconds) * 1e6:.0f} / {statistics.median(seconds) * 1e6:.0f} µs"


if __name__ == "__main__":
    main()
