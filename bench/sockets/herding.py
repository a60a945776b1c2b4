"""Closed-loop callers on equal deployments with exactly the capacity for them."""

from __future__ import annotations

import asyncio
import collections
import json
import pathlib

from bench.processes import first_line, run_router, running
from bench.sockets.attempts import attempts_of
from bench.sockets.callers import Callers, CallResult, Job, failures_text, quantile
from bench.sockets.clocks import now
from bench.sockets.findings import Scene, at_most, number, plain
from bench.sockets.stages import PROVIDERS, UsageMeter, router_settings

CALLERS = 12
SLOTS = CALLERS // len(PROVIDERS)
"""Calls that a deployment answers at once: one more at one place waits while another has room."""

SERVICE_TIME = 0.2
WARM_UP = 2.0
SECONDS = 15.0


async def closed_loop(folder: pathlib.Path) -> Scene:
    """Each caller makes its next call as soon as one has been answered."""
    arguments = ["-m", "bench.sockets.slotted_providers"]
    arguments += [str(len(PROVIDERS)), str(SLOTS), str(SERVICE_TIME)]
    log = folder / "providers.log"
    with running(arguments, log) as providers:
        urls = json.loads(first_line(providers, log))
        settings = router_settings(dict(zip(PROVIDERS, urls, strict=True)), {}, {})
        with run_router(settings, folder) as router:
            meter = UsageMeter(router.pid, providers.pid)
            callers = Callers(router.address)
            try:
                begin = now()
                results = await _called(callers, begin + WARM_UP + SECONDS)
            finally:
                await callers.close()
            usage = meter.usage()
    steady = [one for one in results if one.sent_at >= begin + WARM_UP]
    durations = [one.duration for one in steady]
    counts = collections.Counter(attempt.provider for attempt in attempts_of(steady))
    return Scene(
        results=results,
        usage=usage,
        findings=[
            at_most(
                "closed loop: median above the service time",
                quantile(durations, 0.5) / SERVICE_TIME - 1,
                0.15,
                "%",
            ),
            plain(
                "closed loop: p50, p95, p99",
                ", ".join(number(quantile(durations, each), "ms") for each in (0.5, 0.95, 0.99)),
            ),
            plain(
                "closed loop: attempts by deployment",
                ", ".join(f"{counts[provider]:,}" for provider in PROVIDERS),
            ),
            plain("closed loop: calls failed", failures_text(steady)),
        ],
    )


async def _called(callers: Callers, until: float) -> list[CallResult]:
    results: list[CallResult] = []

    async def work() -> None:
        while now() < until:
            results.append(await callers.call(Job(at=0.0, streaming=False)))

    async with asyncio.TaskGroup() as group:
        for _ in range(CALLERS):
            group.create_task(work())
    return results
