"""The loads, each of which runs against one target for a bounded time."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Awaitable, Callable

from bench.overhead.processes import PACED_GAP, TOKEN, UNPACED_TOKENS
from bench.overhead.targets import Target
from bench.processes import CpuTime, cpu_time

SETTLING_TIME = 0.5
"""Seconds that paced streams run before they are measured."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Effort:
    """The result of a load: units of work, and wall and CPU time of the server in seconds."""

    units: float
    elapsed: float
    used: CpuTime

    @property
    def cpu(self) -> float:
        """The server's user and system time."""
        return self.used.user + self.used.kernel


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class StreamTimes:
    """Seconds to the first content and to the end of each stream."""

    first: list[float]
    whole: list[float]


async def unary_times(target: Target, count: int) -> list[float]:
    """Make calls one after another and return their durations."""
    times: list[float] = []
    for _ in range(count):
        started = time.perf_counter()
        _check(await target.unary())
        times.append(time.perf_counter() - started)
    return times


async def stream_times(target: Target, count: int) -> StreamTimes:
    """Read streams one after another and return their durations."""
    times = StreamTimes(first=[], whole=[])
    for _ in range(count):
        started = time.perf_counter()
        text = ""
        async for piece in target.stream("unpaced"):
            if not text:
                times.first.append(time.perf_counter() - started)
            text += piece
        times.whole.append(time.perf_counter() - started)
        _check(text)
    return times


async def unary_calls(target: Target, count: int, *, in_flight: int) -> None:
    """Make so many calls, `in_flight` at a time."""
    left = iter(range(count))

    async def caller() -> None:
        for _ in left:
            _check(await target.unary())

    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(caller())


async def unary_effort(target: Target, *, in_flight: int, seconds: float) -> Effort:
    """Make calls concurrently and count them."""

    async def call() -> float:
        _check(await target.unary())
        return 1

    return await _effort(target, call, in_flight=in_flight, seconds=seconds)


async def stream_effort(target: Target, *, in_flight: int, seconds: float) -> Effort:
    """Read unpaced streams concurrently and count their tokens."""

    async def call() -> float:
        text = "".join([piece async for piece in target.stream("unpaced")])
        _check(text)
        return UNPACED_TOKENS

    return await _effort(target, call, in_flight=in_flight, seconds=seconds)


async def paced_effort(target: Target, *, streams: int, seconds: float) -> Effort:
    """Read streams with a token every 20 ms concurrently and count their tokens.

    All streams have begun before the measurement starts. Their starts are evenly spread over one
    gap, so that tokens of different streams arrive together only by chance.
    """
    characters = 0

    async def read(place: int) -> None:
        nonlocal characters
        await asyncio.sleep(PACED_GAP * place / streams)
        async for piece in target.stream("paced", place):
            characters += len(piece)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(read(place)) for place in range(streams)]
        await asyncio.sleep(SETTLING_TIME)
        before, cpu, started = characters, cpu_time(target.pid), time.perf_counter()
        await asyncio.sleep(seconds)
        after = characters
        effort = Effort(
            units=(after - before) / len(TOKEN),
            elapsed=time.perf_counter() - started,
            used=cpu_time(target.pid) - cpu,
        )
        for task in tasks:
            task.cancel()
    return effort


async def _effort(
    target: Target, call: Callable[[], Awaitable[float]], *, in_flight: int, seconds: float
) -> Effort:
    units = 0.0
    cpu, started = cpu_time(target.pid), time.perf_counter()

    async def work() -> None:
        nonlocal units
        while time.perf_counter() - started < seconds:
            done = await call()
            # Not `units += await call()`: that reads `units` before it waits.
            units += done

    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(work())
    return Effort(
        units=units,
        elapsed=time.perf_counter() - started,
        used=cpu_time(target.pid) - cpu,
    )


def _check(text: str) -> None:
    if text != TOKEN * UNPACED_TOKENS:
        raise RuntimeError("an answer is not what the provider said")
