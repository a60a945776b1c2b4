"""`python -m bench.reliability`: CPU time that the router adds to a call without failures.

One process, one loop, a gateway that answers at once. The reliability layer is the race, the fleet
with its leases, budgets and breakers, arming a hedge, the tasks, and the report: a router with a
plan made in advance that records no decisions. `bench.profile`, `bench.planning` and
`bench.decisions` measure profile, planning and recording; `bench.overhead` measures gRPC, HTTP,
conversion, metrics and log lines. `--profile` reports the CPU time by function.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import dataclasses
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from bench.loops import loop_factory
from bench.machines import machine
from bench.profiling.profiled import Calibration, calibrate
from bench.profiling.profiles import FunctionUse, ProfileSums, add_up
from bench.reliability.loads import LAYERS, Layer, direct, make_planned_router, make_router, routed
from bench.tables import RESULTS, aligned, today
from routersvc.domain.catalogue.modes import HedgingMode

LIMIT = 100.0
"""Microseconds of CPU that the layer may cost a call."""

ROUNDS = 7
CALLS = 2000
WARM_UP = 500
CALIBRATIONS = 10
PROFILES = 40
PROFILED_CALLS = 100
"""So few that most profiles have hardly anybody else's turn in them."""

PROFILED_ROWS = 25
_MICRO = 1e6


def main() -> None:
    """Measure as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m bench.reliability", description=__doc__)
    parser.add_argument(
        "--profile", action="store_true", help="say by function where the CPU goes, too"
    )
    parser.add_argument("--write", action="store_true", help="write bench/results/reliability.md")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        costs = runner.run(_measure())
        text = _page(costs, load)
        if options.profile:
            for layer in LAYERS:
                if layer.hedging is HedgingMode.DELAYED:
                    text += _profile_text(layer, runner.run(_profile(layer)))
    print(text)
    if options.write:
        (RESULTS / "reliability.md").write_text(text, encoding="utf-8")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """The µs of CPU of one call: straight, through a router that has planned, and through all."""

    straight: float
    planned: float
    through: float

    @property
    def added(self) -> float:
        """What the reliability layer adds."""
        return self.planned - self.straight


async def _measure() -> Mapping[Layer, Cost]:
    """Return the cost of a call of each layer.

    Medians over the rounds, in each of which all are measured in turn, so that a slow moment of
    the machine hits all of them.
    """
    calls = {
        layer: (
            direct(layer),
            routed(make_planned_router(layer), layer),
            routed(make_router(layer), layer),
        )
        for layer in LAYERS
    }
    rounds: dict[Layer, list[Cost]] = {layer: [] for layer in LAYERS}
    for of_layer in calls.values():
        for call in of_layer:
            await _cost(call, WARM_UP)
    for number in range(ROUNDS):
        print(f"round {number + 1} of {ROUNDS}", file=sys.stderr, flush=True)
        for layer, (straight, plan, through) in calls.items():
            rounds[layer].append(
                Cost(
                    straight=await _cost(straight, CALLS),
                    planned=await _cost(plan, CALLS),
                    through=await _cost(through, CALLS),
                )
            )
    return {
        layer: sorted(of_layer, key=lambda cost: cost.added)[ROUNDS // 2]
        for layer, of_layer in rounds.items()
    }


async def _cost(call: Callable[[], Awaitable[None]], count: int) -> float:
    """Return the µs of this thread's CPU for one call."""
    began = time.thread_time()
    for _ in range(count):
        await call()
    return (time.thread_time() - began) / count * _MICRO


async def _profile(layer: Layer) -> ProfileSums:
    call = routed(make_router(layer), layer)
    await _cost(call, WARM_UP)
    calibrations = [calibrate() for _ in range(CALIBRATIONS)]
    calibration = min(calibrations, key=lambda each: each.inside + each.outside)
    sums = [await _profile_once(call, calibration) for _ in range(PROFILES)]
    return _typical(sums)


def _typical(sums: Sequence[ProfileSums]) -> ProfileSums:
    """Return the median of each function: a profile's wall time has others' turns in it."""
    uses: dict[str, list[FunctionUse]] = {}
    for each in sums:
        for use in each.functions:
            uses.setdefault(use.name, []).append(use)
    functions = [
        dataclasses.replace(of_one[0], seconds=statistics.median(use.seconds for use in of_one))
        for of_one in uses.values()
    ]
    return ProfileSums(
        functions=sorted(functions, key=lambda use: use.seconds, reverse=True),
        outside=statistics.median(each.outside for each in sums),
    )


async def _profile_once(
    call: Callable[[], Awaitable[None]], calibration: Calibration
) -> ProfileSums:
    profile = cProfile.Profile()
    began = time.thread_time()
    profile.enable()
    await _cost(call, PROFILED_CALLS)
    profile.disable()
    elapsed = time.thread_time() - began
    profile.create_stats()
    return add_up(
        {
            "stats": profile.stats,
            "elapsed": elapsed,
            "inside": calibration.inside,
            "outside": calibration.outside,
        }
    )


def _profile_text(layer: Layer, sums: ProfileSums) -> str:
    """Return where the CPU goes: good for comparing functions, too large in the sum."""
    areas = ", ".join(
        f"{area} {seconds / PROFILED_CALLS * _MICRO:.0f} µs" for area, seconds in sums.areas.items()
    )
    rows: list[Sequence[str]] = [("function, without what it calls in Python", "calls", "µs")]
    for use in sums.functions[:PROFILED_ROWS]:
        calls = use.calls / PROFILED_CALLS
        cost = use.seconds / PROFILED_CALLS * _MICRO
        rows.append((use.name, f"{calls:.2f}", f"{cost:.2f}"))
    return (
        f"\n## Where it goes: {layer.name}\n\n"
        "Measured with cProfile, whose own cost is calibrated and subtracted. The times are "
        f"still too large\nbut allow functions to be compared. Medians of {PROFILES} profiles. "
        f"{areas}.\n\n"
        f"{aligned(rows)}\n"
    )


def _is_met(layer: Layer, added: float) -> bool | None:
    """Whether a call costs no more than it may; a stream's further tokens are not the call's."""
    return None if layer.tokens > 1 else added <= LIMIT


def _page(costs: Mapping[Layer, Cost], load: float) -> str:
    rows: list[Sequence[str]] = [
        ("call", "gateway alone", "planned before", "whole", "reliability layer", "target", "")
    ]
    for layer, cost in costs.items():
        met = _is_met(layer, cost.added)
        rows.append(
            (
                layer.name,
                f"{cost.straight:.1f} µs",
                f"{cost.planned:.1f} µs",
                f"{cost.through:.1f} µs",
                f"{cost.added:.1f} µs",
                "" if met is None else f"≤ {LIMIT:.0f} µs",
                {None: "", True: "met", False: "**missed**"}[met],
            )
        )
    return f"""# Cost of the reliability layer

`python -m bench.reliability --profile --write` on {today()}: {machine()};
load average {load:.1f} before the run.

CPU time of one call without failures, with three equal deployments, one call at a time, in one
process with a gateway that answers at once: race, leases, budgets, breakers, arming a hedge,
tasks, report. Planned before: with a plan made in advance, and without recording the decision;
whole: with profile, planning and recording. Each token of a stream is received separately: the rows
of one token show the cost of a call, the others the additional cost of its tokens. Medians
over {ROUNDS} rounds of {CALLS:,} calls; all are measured in turn.

{aligned(rows)}
"""


if __name__ == "__main__":
    main()
