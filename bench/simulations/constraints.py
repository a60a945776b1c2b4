"""`python -m bench.simulations.constraints`: thousands of generated worlds held to their limits.

Prints every limit that was broken and every request that was refused though somebody could have
served it, with its seed: `--replay SEED` plays one world. Ends with 1 where there was any.
"""

from __future__ import annotations

import argparse
import collections
import datetime as dt
import multiprocessing
import os
import pathlib
import random
import sys
import time
from typing import NamedTuple

from bench.simulations.generated_routes import draw_route
from bench.simulations.route_checks import check_route

RESULTS = pathlib.Path(__file__).resolve().parent.parent / "results" / "constraints.md"
_CHUNK = 200


class Outcome(NamedTuple):
    """What came of some seeds; `complaints` are pairs of a seed and a sentence."""

    counts: collections.Counter[str]
    complaints: list[tuple[int, str]]


def main() -> int:
    """Run as the arguments say; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.simulations.constraints", description=__doc__
    )
    parser.add_argument("--seeds", type=int, default=1000, help="how many worlds (default 1000)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--replay", type=int, metavar="SEED", help="play one world alone")
    parser.add_argument("--write", action="store_true", help=f"write the table to {RESULTS.name}")
    options = parser.parse_args()
    if options.replay is not None:
        seeds = range(options.replay, options.replay + 1)
    else:
        seeds = range(options.seeds)
    began = time.perf_counter()
    total = _outcome(seeds, options.processes)
    for seed, complaint in total.complaints:
        print(f"seed {seed}: {complaint}")
    text = _table(len(seeds), total, time.perf_counter() - began, options.processes)
    print(text)
    if options.write:
        RESULTS.write_text(text, encoding="utf-8")
    return 1 if total.complaints else 0


def _outcome(seeds: range, processes: int) -> Outcome:
    chunks = [seeds[at : at + _CHUNK] for at in range(0, len(seeds), _CHUNK)]
    counts: collections.Counter[str] = collections.Counter()
    complaints: list[tuple[int, str]] = []
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for outcome in pool.imap(_run, chunks):
            counts += outcome.counts
            complaints += outcome.complaints
    return Outcome(counts, complaints)


def _run(seeds: range) -> Outcome:
    counts: collections.Counter[str] = collections.Counter()
    complaints: list[tuple[int, str]] = []
    for seed in seeds:
        findings = check_route(draw_route(random.Random(seed)), seed=seed)
        counts += findings.counts
        complaints.extend((seed, complaint) for complaint in findings.complaints)
    return Outcome(counts, complaints)


def _table(seeds: int, total: Outcome, seconds: float, processes: int) -> str:
    rows = [
        ("worlds", seeds),
        ("**limits broken, or refused though eligible**", len(total.complaints)),
        *sorted(total.counts.items()),
    ]
    lines = "\n".join(f"| {name} | {count:,} |" for name, count in rows)
    day = dt.datetime.now(dt.UTC).date().isoformat()
    return (
        "# Generated worlds held to their limits\n\n"
        f"`python -m bench.simulations.constraints --seeds {seeds}`, {day}: {seconds:.0f} s on "
        f"{processes} processes.\n\n"
        "Each world is drawn from its seed: a catalogue, a policy with rules, a tenant, requests, "
        "and what\nevery call of each deployment comes to, failures of all classes, cuts and "
        "hangs among them. What may\nserve is worked out beside it without the router's own rules "
        "(`bench.simulations.generated_routes`).\nHeld against that are every explanation with its "
        "reasons, every attempt, and every refusal.\n\n"
        f"| what | count |\n|---|---:|\n{lines}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
