"""Outages of one of three providers under 200 calls per second: killed, revived, hanging."""

from __future__ import annotations

import asyncio
import collections
import pathlib
from collections.abc import Sequence

from bench.sockets.attempts import MadeAttempt, attempts_of, share
from bench.sockets.callers import CallResult, failures_text, mixed, quantile
from bench.sockets.clocks import now
from bench.sockets.findings import Scene, at_least, at_most, number, plain
from bench.sockets.stages import PROVIDERS, Stage, UsageMeter, open_stage
from llmrouter.v1 import health_pb2

RATE = 200.0
VICTIM = "alpha"

WELL = {
    "time_to_first_token": {"kind": "uniform", "low": 0.03, "high": 0.06},
    "time_between_tokens": 0.005,
    "tokens_per_answer": 8,
}
"""About 80 ms for an answer, the first token after 45 ms."""

WARM_UP = 4.0
OUTAGE = 5.0
RECOVERY = 30.0
WINDOW = 5.0
"""Seconds over which a share is taken: 1,000 calls."""

LOOKING_INTERVAL = 0.01

HANG_WARM_UP = 8.0
HANG_TIME = 5.0
HEDGE_DELAY = 0.2
"""What the live p95 of 60 ms is clamped to."""


async def kill_and_revive(folder: pathlib.Path) -> Scene:
    """One provider is killed, stays dead for 5 s and comes back."""
    jobs = mixed(RATE, WARM_UP + OUTAGE + RECOVERY)
    async with open_stage(folder, behaviour=WELL) as stage:
        meter = UsageMeter(stage.router.pid, stage.providers.pid)
        begin = now() + 0.1
        async with asyncio.TaskGroup() as group:
            load = group.create_task(stage.callers.come(jobs, begin=begin))
            await asyncio.sleep(begin + WARM_UP - now())
            killed_at = now()
            watch = group.create_task(_open_seen_at(stage, killed_at + OUTAGE))
            await stage.control.kill(VICTIM)
            await asyncio.sleep(killed_at + OUTAGE - now())
            revived_at = now()
            await stage.control.revive(VICTIM)
        results, open_at = load.result(), watch.result()
        usage = meter.usage()
    attempts = list(attempts_of(results))
    wasted = [
        attempt
        for attempt in attempts
        if attempt.provider == VICTIM
        and attempt.failed
        and killed_at <= attempt.started_at < revived_at
    ]
    first_failure = min(
        (
            attempt.ended_at
            for attempt in attempts
            if attempt.provider == VICTIM and attempt.failed and attempt.ended_at >= killed_at
        ),
        default=killed_at,
    )
    fair = 1 / len(PROVIDERS)
    back = share(attempts, VICTIM, revived_at + RECOVERY - WINDOW, revived_at + RECOVERY)
    before = [one for one in results if one.sent_at < revived_at]
    after = [one for one in results if one.sent_at >= revived_at]
    return Scene(
        results=results,
        usage=usage,
        findings=[
            at_most("killed: calls failed before their first token", _failures(before), 0),
            plain("killed: streams broken off after their first token", f"{_broken(before)}"),
            at_most(
                "killed: breaker open after the first failure",
                (open_at or revived_at) - first_failure,
                0.25,
                "ms",
            ),
            at_most("killed: attempts wasted on the dead provider in 5 s", len(wasted), 10),
            at_least("revived: share of its fair share, 25 to 30 s later", back / fair, 0.9, "%"),
            plain("revived: 90 % of its fair share reached", _reached(attempts, revived_at, fair)),
            at_most("revived: calls failed, for probing or else", _failures(after), 0),
            plain("killed and revived: all calls that failed", failures_text(results)),
        ],
    )


async def hang(folder: pathlib.Path) -> Scene:
    """One provider takes calls and never answers; late attempts are hedged."""
    jobs = mixed(RATE, HANG_WARM_UP + HANG_TIME)
    policy = {"hedging": {"mode": "delayed"}}
    async with open_stage(folder, behaviour=WELL, policy=policy) as stage:
        meter = UsageMeter(stage.router.pid, stage.providers.pid)
        begin = now() + 0.1
        async with asyncio.TaskGroup() as group:
            load = group.create_task(stage.callers.come(jobs, begin=begin))
            await asyncio.sleep(begin + HANG_WARM_UP - now())
            hung_at = now()
            await stage.control.inject(VICTIM, {"kind": "silence", "operations": "any"})
        results = load.result()
        usage = meter.usage()
        health = await stage.health(VICTIM)
    attempts = list(attempts_of(results))
    after = hung_at + 2 * HEDGE_DELAY
    asked = [one for one in results if hung_at <= one.sent_at < hung_at + HANG_TIME]
    reasons = collections.Counter(
        attempt.reason for attempt in attempts if attempt.started_at >= hung_at
    )
    p99 = quantile([one.duration for one in asked if not one.failed], 0.99)
    return Scene(
        results=results,
        usage=usage,
        findings=[
            at_most(
                "hanging: its share of new attempts in the second after twice the hedge delay",
                share(attempts, VICTIM, after, after + 1.0),
                0.1,
                "%",
            ),
            plain(
                "hanging: its share before, and in each half second from then on",
                ", ".join(
                    number(share(attempts, VICTIM, start, start + 0.5), "%")
                    for start in (hung_at - 0.5, *(hung_at + 0.5 * part for part in range(5)))
                ),
            ),
            plain(
                "hanging: calls failed, of those asked in its 5 s",
                f"{failures_text(asked)} of {len(asked):,}",
            ),
            plain("hanging: hedges, failovers", f"{reasons['hedge']}, {reasons['failover']}"),
            plain("hanging: p99 of the calls answered", number(p99, "ms")),
            plain(
                "hanging: breaker at the end",
                health_pb2.BreakerState.Name(health.breaker.state)
                .removeprefix("BREAKER_STATE_")
                .lower(),
            ),
        ],
    )


async def _open_seen_at(stage: Stage, until: float) -> float | None:
    """Return when the breaker of the victim was seen open; looks every 10 ms."""
    while now() < until:
        health = await stage.health(VICTIM)
        if health.breaker.opened_total:
            return now()
        await asyncio.sleep(LOOKING_INTERVAL)
    return None


def _reached(attempts: Sequence[MadeAttempt], revived_at: float, fair: float) -> str:
    """Return after how many seconds the victim's share over a window was nearly fair again."""
    for second in range(int(RECOVERY - WINDOW) + 1):
        start = revived_at + second
        if share(attempts, VICTIM, start, start + WINDOW) >= 0.9 * fair:
            return f"in the {WINDOW:g} s from {second} s on"
    return "never"


def _failures(results: Sequence[CallResult]) -> int:
    return sum(one.failed_without_content for one in results)


def _broken(results: Sequence[CallResult]) -> int:
    return sum(one.failed and one.first_content_at is not None for one in results)
