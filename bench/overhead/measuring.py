"""Runs all loads against all targets in interleaved rounds, so that noise affects all alike."""

from __future__ import annotations

import collections
import dataclasses
import statistics
from collections.abc import Callable, Sequence

from bench.overhead import load
from bench.overhead.load import Effort
from bench.overhead.targets import Target
from bench.processes import cpu_time

IN_FLIGHT = 32
UNPACED_STREAMS = 8
PACED_STREAMS = (50, 200)
"""The CPU for a token falls with the load, because more of them share a turn of the event loop."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """The extent of a run: rounds, and calls or seconds of each load in a round."""

    rounds: int
    calls: int
    streams: int
    busy_seconds: float
    paced_seconds: float


FULL = Extent(rounds=3, calls=250, streams=100, busy_seconds=1.5, paced_seconds=2.0)
QUICK = Extent(rounds=1, calls=150, streams=60, busy_seconds=0.8, paced_seconds=1.0)
WARM_UP = Extent(rounds=1, calls=50, streams=20, busy_seconds=0.3, paced_seconds=0.1)


@dataclasses.dataclass(frozen=True, slots=True)
class Times:
    """Times of one load, in seconds, round by round."""

    rounds: list[list[float]] = dataclasses.field(default_factory=list[list[float]])

    def quantile(self, share: float) -> float:
        """Return a quantile over all rounds."""
        return _quantile([seconds for one in self.rounds for seconds in one], share)

    def added(self, before: Times, share: float) -> float:
        """Return the median over the rounds of the difference of this quantile to that of `before`.

        Rounds of the two were run next to each other, so that a slow minute of the machine
        cancels out.
        """
        pairs = zip(self.rounds, before.rounds, strict=True)
        return statistics.median(
            _quantile(ours, share) - _quantile(theirs, share) for ours, theirs in pairs
        )


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Efforts:
    """Efforts of one load, round by round."""

    rounds: list[Effort] = dataclasses.field(default_factory=list[Effort])

    @property
    def cpu_per_unit(self) -> float:
        """CPU seconds of the server for one unit: the median over the rounds."""
        return statistics.median(effort.cpu / effort.units for effort in self.rounds)

    @property
    def per_second(self) -> float:
        """Units in a second of wall time: the median over the rounds."""
        return statistics.median(effort.units / effort.elapsed for effort in self.rounds)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """All measurements of one target."""

    unary: Times = dataclasses.field(default_factory=Times)
    first_content: Times = dataclasses.field(default_factory=Times)
    stream: Times = dataclasses.field(default_factory=Times)
    lone_unary: Efforts = dataclasses.field(default_factory=Efforts)
    busy_unary: Efforts = dataclasses.field(default_factory=Efforts)
    unpaced: Efforts = dataclasses.field(default_factory=Efforts)
    paced: dict[int, Efforts] = dataclasses.field(
        default_factory=lambda: {streams: Efforts() for streams in PACED_STREAMS}
    )


async def measure(
    targets: Sequence[Target], extent: Extent, say: Callable[[str], None]
) -> dict[str, Measured]:
    """Run all loads against all targets and return the measurements by target."""
    measured: collections.defaultdict[str, Measured] = collections.defaultdict(Measured)
    for number in range(extent.rounds):
        say(f"round {number + 1} of {extent.rounds}")
        # Every other round runs in reverse, so that no target always follows the same one.
        order = targets if number % 2 == 0 else list(reversed(targets))
        await _round(order, extent, measured)
    return measured


async def _round(targets: Sequence[Target], extent: Extent, measured: dict[str, Measured]) -> None:
    for target in targets:
        of_target = measured[target.name]
        cpu = cpu_time(target.pid)
        times = await load.unary_times(target, extent.calls)
        cpu = cpu_time(target.pid) - cpu
        of_target.unary.rounds.append(times)
        of_target.lone_unary.rounds.append(Effort(units=extent.calls, elapsed=sum(times), used=cpu))
    for target in targets:
        streamed = await load.stream_times(target, extent.streams)
        measured[target.name].first_content.rounds.append(streamed.first)
        measured[target.name].stream.rounds.append(streamed.whole)
    for target in targets:
        effort = await load.unary_effort(target, in_flight=IN_FLIGHT, seconds=extent.busy_seconds)
        measured[target.name].busy_unary.rounds.append(effort)
    for target in targets:
        effort = await load.stream_effort(
            target, in_flight=UNPACED_STREAMS, seconds=extent.busy_seconds
        )
        measured[target.name].unpaced.rounds.append(effort)
    for streams in PACED_STREAMS:
        for target in targets:
            effort = await load.paced_effort(target, streams=streams, seconds=extent.paced_seconds)
            measured[target.name].paced[streams].rounds.append(effort)


def _quantile(times: Sequence[float], share: float) -> float:
    """Return the least time that `share` of the times do not exceed."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
