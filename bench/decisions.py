"""The cost of recording decisions: `python -m bench.decisions`, ten seconds.

Compares two routers with scripted deployments, of which one records decisions: time of a call,
memory, and the number of objects that a full garbage collection visits.
"""

from __future__ import annotations

import asyncio
import gc
import random
import statistics
import sys
import time
import tracemalloc

from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.modes import OrderMode
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.explaining.remembered_decisions import DecisionRule
from routersvc.engine.router import Router, RouterConfiguration
from routersvc.testing.scripted import ScriptedGateway, answer
from routersvc.testing.virtual_time import run_in_virtual_time
from routersvc.testing.worlds import (
    RecordingObserver,
    scripted_deployment,
    scripted_policy,
    scripted_request,
)

NAMES = ("a", "b", "c", "d")
DECISIONS = 2_000
ROUND = 200
"""Calls between two readings of the clock."""


def main() -> None:
    """Measure and print the results."""
    calls = {kept: run_in_virtual_time(_admitting(kept)) for kept in (0, DECISIONS)}
    memory = {kept: run_in_virtual_time(_memory(kept)) for kept in (0, DECISIONS)}
    (without, _), (remembering, explaining) = calls[0], calls[DECISIONS]
    bytes_each, objects_each = (
        (more - less) / DECISIONS for more, less in zip(memory[DECISIONS], memory[0], strict=True)
    )
    sys.stdout.write(
        f"admitting a call, {len(NAMES)} deployments: {without * 1e6:.1f} µs, remembering it "
        f"{remembering * 1e6:.1f} µs (+{(remembering - without) * 1e6:.1f} µs)\n"
        f"explaining a past one: {explaining * 1e6:.1f} µs\n"
        f"a decision: {bytes_each:,.0f} bytes, {objects_each:.1f} objects of the collector\n"
    )


def _router(kept: int) -> tuple[Router, ScriptedGateway, RecordingObserver]:
    gateway = ScriptedGateway({name: [answer(name, first=0.01)] for name in NAMES})
    observer = RecordingObserver()
    router = Router(
        configuration=RouterConfiguration(
            catalogue=Catalogue(deployments={name: scripted_deployment(name) for name in NAMES}),
            policies={"drill": scripted_policy(NAMES, order=OrderMode.BALANCED)},
            default_policy="drill",
            digest="bench",
            max_concurrent_calls=10 * ROUND,
            decisions=DecisionRule(kept=kept),
        ),
        gateway=gateway,
        observer=observer,
        clock=asyncio.get_running_loop().time,
        wall_clock=lambda: 0.0,
        random=random.Random(0),
    )
    return router, gateway, observer


def _request(number: int) -> Request:
    return scripted_request(text=f"{number} " + "word " * 200, streaming=False)


async def _admitting(kept: int) -> tuple[float, float]:
    """Return the seconds to admit a call, and to explain one where it is remembered."""
    router, _, _ = _router(kept)
    request = _request(0)
    admitting: list[float] = []
    explaining: list[float] = []
    for _ in range(40):
        gc.collect()
        gc.disable()
        begun = time.perf_counter()
        calls = [router.open(request) for _ in range(ROUND)]
        admitting.append((time.perf_counter() - begun) / ROUND)
        gc.enable()
        for call in calls:
            await call.aclose()
        if kept:
            begun = time.perf_counter()
            for call in calls:
                router.explain_decision(call.decision_id, tenant="")
            explaining.append((time.perf_counter() - begun) / ROUND)
    return min(admitting), statistics.median(explaining or [0.0])


async def _memory(kept: int) -> tuple[float, float]:
    """Return the bytes and the objects that calls leave behind."""
    router, gateway, observer = _router(kept)
    tracemalloc.start()
    before = objects_before = 0
    for number in range(-ROUND, DECISIONS):
        if number == 0:
            gc.collect()
            before, objects_before = tracemalloc.get_traced_memory()[0], len(gc.get_objects())
        async with router.open(_request(number)) as call:
            await call.complete()
        gateway.log.clear()
        observer.attempts.clear()
        observer.ends.clear()
    gc.collect()
    left = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return left, len(gc.get_objects()) - objects_before


if __name__ == "__main__":
    main()
