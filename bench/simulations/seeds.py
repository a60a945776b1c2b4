"""`python -m bench.simulations.seeds`: thousands of generated drills, checked for every promise.

Prints every violation with the seed of its drill; `--replay SEED` writes the trace of one drill.
The exit code is 1 if there was a violation.
"""

from __future__ import annotations

import argparse
import collections
import datetime as dt
import multiprocessing
import os
import pathlib
import sys
import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from routersvc.drills.plans.generated_plans import plan_of_seed
from routersvc.drills.simulation.simulation import run_drill

RESULTS = pathlib.Path(__file__).resolve().parent.parent / "results" / "seeds.md"
_CHUNK = 50


class Outcome(NamedTuple):
    """The results of some seeds; `complaints` are pairs of a seed and a sentence."""

    seeds: int
    counts: collections.Counter[str]
    complaints: tuple[tuple[int, str], ...]


def main() -> int:
    """Run as the arguments say; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.simulations.seeds", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many drills (default 1000)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--replay", type=int, metavar="SEED", help="write the trace of one drill")
    parser.add_argument("--write", action="store_true", help=f"write the table to {RESULTS.name}")
    options = parser.parse_args()
    if options.replay is not None:
        return _replay(options.replay)
    began = time.perf_counter()
    seeds = range(options.first, options.first + options.seeds)
    total = _add(_outcomes(seeds, options.processes))
    seconds = time.perf_counter() - began
    for seed, complaint in total.complaints:
        print(f"seed {seed}: {complaint}")
    command = f"python -m bench.simulations.seeds --seeds {options.seeds}"
    if options.first:
        command += f" --first {options.first}"
    text = _table(command, total, seconds, options.processes)
    print(text)
    if options.write:
        RESULTS.write_text(text, encoding="utf-8")
    return 1 if total.complaints else 0


def _outcomes(seeds: range, processes: int) -> Iterator[Outcome]:
    chunks = [seeds[at : at + _CHUNK] for at in range(0, len(seeds), _CHUNK)]
    if processes == 1:
        yield from map(_run, chunks)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for done, outcome in enumerate(pool.imap_unordered(_run, chunks), start=1):
            print(f"\r{done}/{len(chunks)}", end="", file=sys.stderr, flush=True)
            yield outcome
    print(file=sys.stderr)


def _run(seeds: range) -> Outcome:
    counts: collections.Counter[str] = collections.Counter()
    complaints: list[tuple[int, str]] = []
    for seed in seeds:
        try:
            result = run_drill(plan_of_seed(seed))
        except Exception as error:  # noqa: BLE001 - a drill that breaks is a finding like any other
            complaints.append((seed, f"the drill broke: {error!r}"))
            continue
        figures = result.figures
        counts["calls"] += figures.calls
        counts["attempts"] += figures.reasons.total()
        for outcome, count in figures.outcomes.items():
            counts[f"calls {outcome.value}"] += count
        for reason, count in figures.reasons.items():
            counts[f"attempts for {reason.value}"] += count
        counts["calls recovered"] += figures.recovered
        counts["breakers opened"] += sum(h.breaker.opened_total for h in result.health)
        complaints.extend((seed, str(violation)) for violation in result.violations)
    return Outcome(len(seeds), counts, tuple(complaints))


def _add(outcomes: Iterable[Outcome]) -> Outcome:
    seeds = 0
    counts: collections.Counter[str] = collections.Counter()
    complaints: list[tuple[int, str]] = []
    for outcome in outcomes:
        seeds += outcome.seeds
        counts += outcome.counts
        complaints += outcome.complaints
    return Outcome(seeds, counts, tuple(sorted(complaints)))


def _table(command: str, total: Outcome, seconds: float, processes: int) -> str:
    rows = [
        ("drills", total.seeds),
        ("**violations**", len(total.complaints)),
        *sorted(total.counts.items()),
    ]
    lines = "\n".join(f"| {name} | {count:,} |" for name, count in rows)
    day = dt.datetime.now(dt.UTC).date().isoformat()
    return (
        "# Generated drills\n\n"
        f"`{command}`, {day}: {seconds:.0f} s on {processes} processes.\n\n"
        "Each drill is generated from its seed: deployments, latencies, faults, load, policy, "
        "budgets, breakers.\nEvery promise is checked after every event (`docs/drills.md`).\n\n"
        f"| what | count |\n|---|---:|\n{lines}\n"
    )


def _replay(seed: int) -> int:
    result = run_drill(plan_of_seed(seed, traced=True))
    print("\n".join(result.trace))
    for violation in result.violations:
        print(violation)
    return 1 if result.violations else 0


if __name__ == "__main__":
    sys.exit(main())
