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
        description="200 calls/s, half of them streams; one of three providers dies for 5 s and "
        "comes back",
        run=outages.kill_and_revive,
    ),
    "hang": Scenario(
        description="200 calls/s, half of them streams; one of three providers takes calls and "
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
        description="12 callers in a closed loop on three equal deployments, each with room for "
        "4 calls of 200 ms; further ones queue up there",
        run=herding.closed_loop,
    ),
    "cancellations": Scenario(
        description="10,000 callers, 250 a second, half of them for streams, leave at random "
        "moments; each of three providers has room for 12"
        " at once, the others queue up",
        run=cancellations.cancellations,
    ),
    "deadlines": Scenario(
        description="200 calls/s, half of them streams, deadlines of 50 ms to 5 s at random; "
        "times to first token with a heavy tail; `timeouts: {useful: 20ms}`",
        run=deadlines.deadlines,
    ),
}
