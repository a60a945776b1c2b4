"""The scenarios by name."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Awaitable, Callable, Mapping

from bench.sockets import outages, refusals
from bench.sockets.findings import Scene


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """One thing that happens to callers; `run` gets an empty folder to work in."""

    description: str
    run: Callable[[pathlib.Path], Awaitable[Scene]]


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
}
