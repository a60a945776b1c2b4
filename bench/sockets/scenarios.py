"""The scenarios by name."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from bench.sockets import cancellations, deadlines, herding, outages, refusals
from bench.sockets.findings import Scene


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """One thing that happens to callers; `run` gets an empty folder to work in."""

    description: str
    run: Callable[[pathlib.Path], Coroutine[Any, Any, Scene]]


SCENARIOS: Mapping[str, Scenario] = {
    "kill": Scenario(
        description="200 calls/s, half of them streams; one of three providers is down for 5 s",
        run=outages.kill_and_revive,
    ),
    "hang": Scenario(
        description="200 calls/s, half of them streams; one of three providers accepts calls and "
        "never answers; `hedging: {mode: delayed}`",
        run=outages.hang,
    ),
    "unavailable": Scenario(
        description="200 calls/s, half of them streams; all three providers answer 503",
        run=refusals.all_unavailable,
    ),
    "retry-after": Scenario(
        description="200 calls/s, half of them streams; one of two providers answers one call "
        "with 429 and `Retry-After: 20`",
        run=refusals.retry_after,
    ),
    "closed-loop": Scenario(
        description="12 callers in a closed loop on three equal deployments, each of which "
        "serves 4 calls of 200 ms at a time and queues the others",
        run=herding.closed_loop,
    ),
    "cancellations": Scenario(
        description="10,000 calls, 250 per second, half of them streams, are cancelled at random "
        "times; each of three providers takes 12 attempts at a time, other calls queue",
        run=cancellations.cancellations,
    ),
    "deadlines": Scenario(
        description="200 calls/s, half of them streams, deadlines of 50 ms to 5 s at random; "
        "times to first token with a heavy tail; `timeouts: {useful: 20ms}`",
        run=deadlines.deadlines,
    ),
}
