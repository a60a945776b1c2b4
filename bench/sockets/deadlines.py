"""Deadlines of 50 ms to 5 s with providers that are often slower."""

from __future__ import annotations

import pathlib
import random as random_module

from bench.sockets.callers import Job, failures_text, quantile
from bench.sockets.findings import Scene, at_most, number, plain
from bench.sockets.stages import UsageMeter, open_stage

RATE = 200.0
SECONDS = 15.0
SHORTEST, LONGEST = 0.05, 5.0
TICK = 0.002
"""Seconds by which times of two processes may differ."""

LATE = {
    "time_to_first_token": {"kind": "pareto", "median": 0.4, "shape": 0.6, "ceiling": 20.0},
    "time_between_tokens": 0.02,
    "tokens_per_answer": 8,
}

POLICY = {"timeouts": {"useful": 0.02}}
"""Also a deadline of 50 ms is worth an attempt."""


async def deadlines(folder: pathlib.Path) -> Scene:
    """Every caller waits exactly until its deadline."""
    random = random_module.Random(11)
    jobs = [
        Job(
            at=number / RATE,
            streaming=number % 2 == 0,
            timeout=random.uniform(SHORTEST, LONGEST),
        )
        for number in range(int(RATE * SECONDS))
    ]
    async with open_stage(folder, behaviour=LATE, policy=POLICY) as stage:
        meter = UsageMeter(stage.router.pid, stage.providers.pid)
        results = await stage.callers.come(jobs)
        usage = meter.usage()
        log = await stage.control.log()
    passed = [one for one in results if one.status == "DEADLINE_EXCEEDED"]
    overshoots = [one.duration - one.job.timeout for one in passed]
    deadline_of = {one.trace_id: one.sent_at + one.job.timeout for one in results}
    late_starts = [
        request
        for request in log
        if request.trace_id in deadline_of
        and request.received_at > deadline_of[request.trace_id] + TICK
    ]
    passed_ones = {one.trace_id for one in passed}
    late_ends = [
        request.ended_at - deadline_of[request.trace_id]
        for request in log
        if request.trace_id in passed_ones and request.ended_at is not None
    ]
    return Scene(
        results=results,
        usage=usage,
        findings=[
            plain("deadlines: passed", f"{len(passed):,} of {len(results):,}"),
            at_most(
                "deadlines: overshoot, p99",
                max(0.0, quantile(overshoots, 0.99)),
                0.02,
                "ms",
            ),
            plain(
                "deadlines: heard before or after it, p50 and latest",
                f"{number(quantile(overshoots, 0.5), 'ms')}, "
                f"{number(max(overshoots, default=0.0), 'ms')}",
            ),
            plain(
                "deadlines: told by the router with its report",
                f"{sum(one.own_status for one in passed):,} of {len(passed):,}",
            ),
            at_most(
                "deadlines: upstream requests that go on after it, p99",
                max(0.0, quantile(late_ends, 0.99)),
                0.02,
                "ms",
            ),
            at_most(
                "deadlines: attempts that reach a provider after it, by the caller's clock",
                len(late_starts),
                0,
            ),
            plain("deadlines: calls failed", failures_text(results)),
        ],
    )
