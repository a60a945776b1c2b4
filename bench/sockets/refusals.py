"""Providers that refuse calls: all of them with 503, one of two with 429 and `Retry-After`."""

from __future__ import annotations

import asyncio
import pathlib

from bench.sockets.attempts import attempts_of
from bench.sockets.callers import failures_text, mixed, quantile
from bench.sockets.clocks import now
from bench.sockets.findings import Scene, at_least, at_most, number, plain
from bench.sockets.outages import RATE, WELL
from bench.sockets.stages import PROVIDERS, UsageMeter, open_stage
from llmrouter.v1 import health_pb2

SETTLING = 3.0
STEADY = 8.0

RETRY_AFTER = 20.0
ON_THE_WAY = 0.1
"""Seconds after the refusal in which calls that were already sent may still arrive."""

QUICK = 1.0
"""Seconds; a call that waited for the gate would take up to 20 s."""


async def all_unavailable(folder: pathlib.Path) -> Scene:
    """Every provider answers 503 at once; the first 3 s are not counted."""
    async with open_stage(folder, behaviour=WELL) as stage:
        for provider in PROVIDERS:
            await stage.control.inject(provider, {"kind": "status", "problem": "unavailable"})
        meter = UsageMeter(stage.router.pid, stage.providers.pid)
        begin = now() + 0.1
        async with asyncio.TaskGroup() as group:
            load = group.create_task(
                stage.callers.come(mixed(RATE, SETTLING + STEADY), begin=begin)
            )
            await asyncio.sleep(begin + SETTLING + STEADY / 2 - now())
            states = [(await stage.health(provider)).breaker.state for provider in PROVIDERS]
        results = load.result()
        usage = meter.usage()
        log = await stage.control.log()
    steady = [one for one in results if one.sent_at >= begin + SETTLING]
    received = sum(request.received_at >= begin + SETTLING for request in log)
    told_when = sum(one.retry_delay is not None for one in steady)
    not_closed = sum(state != health_pb2.BREAKER_STATE_CLOSED for state in states)
    return Scene(
        results=results,
        usage=usage,
        findings=[
            at_most("all 503: attempts per call in the steady state", received / len(steady), 1.1),
            plain("all 503: breakers not closed, in the middle", f"{not_closed} of {len(states)}"),
            at_most(
                "all 503: the caller hears within, p99",
                quantile([one.duration for one in steady], 0.99),
                0.05,
                "ms",
            ),
            plain(
                "all 503: p50 and slowest",
                f"{number(quantile([one.duration for one in steady], 0.5), 'ms')}, "
                f"{number(max(one.duration for one in steady), 'ms')}",
            ),
            at_least("all 503: errors with RetryInfo", told_when / len(steady), 1.0, "%"),
        ],
    )


async def retry_after(folder: pathlib.Path) -> Scene:
    """One of two deployments refuses one call, and asks for 20 s."""
    providers = PROVIDERS[:2]
    refusing, other = providers
    jobs = mixed(RATE, 2.0 + RETRY_AFTER + 1.0)
    async with open_stage(folder, behaviour=WELL, providers=providers) as stage:
        meter = UsageMeter(stage.router.pid, stage.providers.pid)
        begin = now() + 0.1
        async with asyncio.TaskGroup() as group:
            load = group.create_task(stage.callers.come(jobs, begin=begin))
            await asyncio.sleep(begin + 2.0 - now())
            fault = {
                "kind": "status",
                "problem": "rate_limit",
                "retry_after": RETRY_AFTER,
                "count": 1,
            }
            await stage.control.inject(refusing, fault)
        results = load.result()
        usage = meter.usage()
        log = await stage.control.log()
    at_refusing = [request for request in log if request.provider == refusing]
    refused_at = next(
        request.ended_at or request.received_at
        for request in at_refusing
        if request.status == 429  # noqa: PLR2004
    )
    gate_ends = refused_at + RETRY_AFTER
    early = [
        request
        for request in at_refusing
        if refused_at + ON_THE_WAY < request.received_at < gate_ends
    ]
    again = min(
        (request.received_at for request in at_refusing if request.received_at >= gate_ends),
        default=None,
    )
    meanwhile = [one for one in results if refused_at < one.sent_at < gate_ends]
    elsewhere = sum(
        attempt.provider == other
        for attempt in attempts_of(meanwhile)
        if attempt.started_at > refused_at + ON_THE_WAY
    )
    slowest = max(one.duration for one in meanwhile)
    return Scene(
        results=results,
        usage=usage,
        findings=[
            at_most("Retry-After: requests that reach it before its time", len(early), 0),
            at_most("Retry-After: calls failed meanwhile", sum(one.failed for one in meanwhile), 0),
            plain("Retry-After: they failed with", failures_text(meanwhile)),
            at_most("Retry-After: slowest call meanwhile", slowest, QUICK, "s"),
            plain("Retry-After: attempts on the other meanwhile", f"{elsewhere:,}"),
            plain(
                "Retry-After: first request there again",
                "none" if again is None else f"{again - refused_at:.2f} s after the refusal",
            ),
        ],
    )
