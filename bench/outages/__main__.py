"""`python -m bench.outages`: every fault of a primary, beside a healthy backup, in real processes.

The exit code is 1 if a call was lost that the backup could have served, or a truncated answer was
reported as a success.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import multiprocessing
import os
import sys
import time

from bench.outages.faults import CASES
from bench.outages.report import failed, page_of
from bench.outages.rounds import Measured, measure
from bench.tables import RESULTS

PAGE = RESULTS / "outages.md"


def main() -> int:
    """Run as the arguments say; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.outages", description=__doc__)
    parser.add_argument("names", nargs="*", help="only faults whose name contains one of these")
    parser.add_argument("--parallel", type=int, default=5, help="faults at a time (default 5)")
    parser.add_argument("--write", action="store_true", help=f"write bench/results/{PAGE.name}")
    options = parser.parse_args()
    names: list[str] = options.names
    if names and options.write:
        parser.error("only a table of all faults is written")
    chosen = [
        number
        for number, case in enumerate(CASES)
        if not names or any(name in case.name for name in names)
    ]
    if not chosen:
        parser.error("no fault has such a name")
    load = os.getloadavg()[0]
    began = time.monotonic()
    measured = _measured(chosen, options.parallel)
    text = page_of(measured, load=load, seconds=time.monotonic() - began, parallel=options.parallel)
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    return int(failed(measured))


def _measured(chosen: list[int], parallel: int) -> list[Measured]:
    results: dict[int, Measured] = {}
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(parallel, mp_context=context) as pool:
        running = {pool.submit(measure, number): number for number in chosen}
        for done in concurrent.futures.as_completed(running):
            one = results[running[done]] = done.result()
            lost = sum(call.lost for call in one.under)
            print(f"{len(results)}/{len(chosen)} {one.name}: {lost} lost", file=sys.stderr)
    return [results[number] for number in chosen]


if __name__ == "__main__":
    sys.exit(main())
