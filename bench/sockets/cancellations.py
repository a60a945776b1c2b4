"""Ten thousand calls are cancelled at random times; nothing of them may be left."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import os
import pathlib
import random as random_module
import signal
from collections.abc import Iterator, Sequence

from bench.processes import open_descriptors, resident_memory
from bench.sockets.callers import Callers, CallResult, Job, failures_text, quantile
from bench.sockets.clocks import now
from bench.sockets.controls import UpstreamRequest
from bench.sockets.findings import Finding, Scene, at_least, at_most, number, plain
from bench.sockets.stages import PROVIDERS, Stage, UsageMeter, open_stage

CANCELLATIONS = 10_000
"""Callers who leave; some are answered or refused before they would."""

WARM_UP = 2_000
RATE = 250.0
PLACES = 12
"""Attempts at once of each deployment, on as many connections: 36 in all for about 50 callers."""

LONGEST_PATIENCE = 0.45
SLOW = {
    "time_to_first_token": {"kind": "uniform", "low": 0.1, "high": 0.2},
    "time_between_tokens": 0.04,
    "tokens_per_answer": 8,
}
"""Answers of 0.38 to 0.48 s: a caller who stays for a random part of 0.45 s leaves in any phase."""

KEEPALIVE = 1.0
QUIET = 0.25
SETTLING = 3.0
GROWTH = 0.05
"""Part of 1 by which memory may differ from what it was after the warm-up and still be flat."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Rest:
    """What an idle router holds."""

    memory: int
    descriptors: int
    tasks: int


class TaskCount:
    """The file into which the router writes how many tasks it has."""

    def __init__(self, file: pathlib.Path) -> None:
        self.file = file

    def taken(self) -> int | None:
        """Take the count out of the file; `None` where it is not there yet."""
        if not self.file.exists():
            return None
        count = int(self.file.read_text(encoding="utf-8"))
        self.file.unlink()
        return count


async def cancellations(folder: pathlib.Path) -> Scene:
    """Callers come at 250 per second, every other one for a stream, and leave."""
    tasks = TaskCount(folder / "tasks")
    async with open_stage(
        folder,
        behaviour=SLOW,
        connections={"limit": PLACES, "keepalive_timeout": KEEPALIVE},
        fleet={"concurrency": {"initial": PLACES, "maximum": PLACES}},
        command=("-m", "bench.sockets.counted", str(tasks.file)),
    ) as stage:
        random = random_module.Random(7)
        await stage.callers.come(_departures(random, stage.callers, WARM_UP))
        await asyncio.sleep(SETTLING)
        before = await _rest(stage, tasks)
        meter = UsageMeter(stage.router.pid, stage.providers.pid)
        results = await stage.callers.come(_departures(random, stage.callers, CANCELLATIONS))
        usage = meter.usage()
        quiet_after = await _quiet_after(stage, now())
        await asyncio.sleep(SETTLING)
        after = await _rest(stage, tasks)
        healths = [await stage.health(provider) for provider in PROVIDERS]
        calls_left = await stage.metric("routersvc_calls_in_flight")
        attempts_left = await stage.metric("routersvc_attempts_in_flight")
        log = await stage.control.log()
        answered = 0
        for provider in PROVIDERS:
            jobs = [Job(at=0.0, streaming=False, provider=provider) for _ in range(PLACES)]
            answered += sum(not one.failed for one in await stage.callers.come(jobs))
    places = PLACES * len(PROVIDERS)
    left = [one for one in results if one.left_at is not None]
    return Scene(
        results=results,
        usage=usage,
        findings=[
            plain(
                "cancelled: callers who left before the end", f"{len(left):,} of {len(results):,}"
            ),
            plain("cancelled: calls failed before", failures_text(results)),
            at_most("cancelled: upstream quiet after the last one", quiet_after, QUIET, "ms"),
            *_upstream(left, log),
            at_most("cancelled: leases still out", sum(one.in_flight for one in healths), 0),
            at_most("cancelled: calls still in a queue", sum(one.queued for one in healths), 0),
            at_most("cancelled: calls and attempts still counted", calls_left + attempts_left, 0),
            at_most("cancelled: tasks more than before", after.tasks - before.tasks, 0),
            at_most(
                "cancelled: descriptors more than before",
                after.descriptors - before.descriptors,
                0,
            ),
            at_least(f"cancelled: places usable, of {places}", answered, places),
            at_most(
                "cancelled: memory above that after a warm-up of 2,000",
                after.memory / before.memory - 1,
                GROWTH,
                "%",
            ),
            plain(
                "cancelled: memory before and after",
                f"{before.memory / 2**20:.1f} MiB, {after.memory / 2**20:.1f} MiB",
            ),
        ],
    )


def _departures(random: random_module.Random, callers: Callers, count: int) -> Iterator[Job]:
    """Yield callers until so many more have left."""
    enough = callers.left + count
    for place in itertools.count():
        if callers.left >= enough:
            return
        yield Job(
            at=place / RATE,
            streaming=place % 2 == 0,
            leaves_after=random.uniform(0.0, LONGEST_PATIENCE),
        )


def _upstream(left: Sequence[CallResult], log: Sequence[UpstreamRequest]) -> list[Finding]:
    """Return how soon the providers saw that callers had left."""
    left_at = {one.trace_id: one.left_at for one in left if one.left_at is not None}
    delays = [
        request.ended_at - left_at[request.trace_id]
        for request in log
        if request.outcome == "client_hung_up"
        and request.ended_at is not None
        and request.trace_id in left_at
    ]
    return [
        at_most(
            "cancelled: caller left to upstream socket closed, p99",
            quantile(delays, 0.99),
            0.05,
            "ms",
        ),
        plain(
            "cancelled: of so many upstream requests; p50, slowest",
            f"{len(delays):,}; {number(quantile(delays, 0.5), 'ms')}, "
            f"{number(max(delays, default=0.0), 'ms')}",
        ),
    ]


async def _quiet_after(stage: Stage, since: float) -> float:
    """Return the seconds until no provider has a request under way."""
    while await stage.control.requests_in_flight():
        if now() - since > SETTLING:
            break
        await asyncio.sleep(0.005)
    return now() - since


async def _rest(stage: Stage, tasks: TaskCount) -> Rest:
    os.kill(stage.router.pid, signal.SIGUSR1)
    async with asyncio.timeout(SETTLING):
        while (count := tasks.taken()) is None:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.01)
    return Rest(
        memory=resident_memory(stage.router.pid),
        descriptors=open_descriptors(stage.router.pid),
        tasks=count,
    )
