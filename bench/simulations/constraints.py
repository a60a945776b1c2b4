"""`python -m bench.simulations.constraints`: thousands of generated worlds and their constraints.

Prints every constraint that was broken and every request that was refused although a deployment
could have served it, with the seed; `--replay SEED` runs one world. The exit code is 1 if there was
any.
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
    """The results of some seeds; `complaints` are pairs of a seed and a sentence."""

    counts: collections.Counter[str]
    complaints: list[tuple[int, str]]


def main() -> int:
    """Run as the arguments say; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.simulations.constraints", description=__doc__
    )
    parser.add_argument("--seeds", type=int, default=1000, help="how many worlds (default 1000)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--replay", type=int, metavar="SEED", help="run only this world")
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
        ("**constraints broken, or refused although eligible**", len(total.complaints)),
        *sorted(total.counts.items()),
    ]
    lines = "\n".join(f"| {name} | {count:,} |" for name, count in rows)
    day = dt.datetime.now(dt.UTC).date().isoformat()
    return (
        "# Generated worlds and their constraints\n\n"
        f"`python -m bench.simulations.constraints --seeds {seeds}`, {day}: {seconds:.0f} s on "
        f"{processes} processes.\n\n"
        "Each world is generated from its seed: a catalogue, a policy with rules, a tenant, "
        "requests, and the\noutcome of every call of each deployment, including failures of all "
        "classes, broken streams and hangs.\nWhich deployments may serve is computed without the "
        "rules of the router\n(`bench.simulations.generated_routes`), and compared with every "
        "explanation and its reasons, every\nattempt, and every refusal.\n\n"
        f"| what | count |\n|---|---:|\n{lines}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
