"""`python -m bench.growth`: memory and descriptors of a router over 100,000 unary calls.

A router with default settings, metrics and tracing of one call of 100 in front of the simulated
provider. The warm-up fills what is kept on purpose: the recent decisions, the windows of health and
latency, the arenas of the allocators. What grows in the second half of the calls grows for ever.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import os
import pathlib
import sys
import tempfile

from bench.loops import loop_factory
from bench.machines import machine
from bench.overhead import load
from bench.overhead.processes import run_measured_router, run_provider
from bench.overhead.targets import Target, open_targets
from bench.processes import cpu_time, open_descriptors, resident_memory
from bench.tables import RESULTS, aligned, today

CALLS = 100_000
WARM_UP = 5_000
"""More than the decisions that are kept by default."""

READINGS = 10
IN_FLIGHT = 16
MOST_GROWTH = 0.03
"""Share of its memory by which the router may grow in the second half: what allocators vary by."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """The router after so many calls: bytes, descriptors, and CPU seconds since it started."""

    calls: int
    memory: int
    descriptors: int
    cpu: float


def main() -> int:
    """Measure as the arguments say; return 1 if the memory grows."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument(
        "--calls", type=int, default=CALLS, metavar="N", help="calls (default %(default)s)"
    )
    parser.add_argument("--write", action="store_true", help="write bench/results/growth.md")
    options = parser.parse_args()
    busy = os.getloadavg()[0]
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        readings = runner.run(_measure(options.calls))
    grown = growth(readings)
    text = _page(readings, grown, options.calls, busy)
    print(text)
    if options.write:
        (RESULTS / "growth.md").write_text(text, encoding="utf-8")
    return int(grown > MOST_GROWTH)


async def _measure(calls: int) -> list[Reading]:
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        provider = stack.enter_context(run_provider(folder))
        router = stack.enter_context(run_measured_router(provider, folder))
        async with open_targets(provider, {"router": router}) as targets:
            target = next(one for one in targets if one.name == "router")
            readings = [_reading(target.pid, 0)]
            await load.unary_calls(target, WARM_UP, in_flight=IN_FLIGHT)
            done = WARM_UP
            readings.append(_reading(target.pid, done))
            for _ in range(READINGS):
                done += await _block(target, calls // READINGS)
                readings.append(_reading(target.pid, done))
                print(f"{done:,} calls", file=sys.stderr, flush=True)
            return readings


async def _block(target: Target, calls: int) -> int:
    await load.unary_calls(target, calls, in_flight=IN_FLIGHT)
    return calls


def _reading(pid: int, calls: int) -> Reading:
    used = cpu_time(pid)
    return Reading(
        calls=calls,
        memory=resident_memory(pid),
        descriptors=open_descriptors(pid),
        cpu=used.user + used.kernel,
    )


def growth(readings: list[Reading]) -> float:
    """Return the share by which the memory has grown in the second half of the calls.

    The smallest of three readings stands for the middle and for the end, because single ones vary.
    """
    middle = 2 + READINGS // 2
    before = min(one.memory for one in readings[middle - 3 : middle])
    after = min(one.memory for one in readings[-3:])
    return after / before - 1


def _page(readings: list[Reading], grown: float, calls: int, busy: float) -> str:
    rows = [["calls", "memory", "descriptors", "CPU of a call since the line above"]]
    earlier: Reading | None = None
    for one in readings:
        since = "–"
        if earlier is not None:
            since = f"{(one.cpu - earlier.cpu) / (one.calls - earlier.calls) * 1e6:,.0f} µs"
        rows.append([f"{one.calls:,}", f"{one.memory / 1e6:,.1f} MB", str(one.descriptors), since])
        earlier = one
    verdict = "ok" if grown <= MOST_GROWTH else "GROWS"
    return (
        f"# Memory over many calls\n\n"
        f"`python -m bench.growth --calls {calls}`, {today()}. {machine()}; load {busy:.1f}.\n\n"
        f"{IN_FLIGHT} unary calls in flight; the first {WARM_UP:,} are the warm-up.\n\n"
        f"{aligned(rows)}\n\n"
        f"In the second half, the memory grew by {grown:.1%}, allowed is {MOST_GROWTH:.0%}: "
        f"{verdict}.\n"
    )


if __name__ == "__main__":
    sys.exit(main())
