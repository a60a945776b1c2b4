"""`python -m bench.overhead`: measures, prints the tables, and writes them to a file."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import os
import pathlib
import sys
import tempfile
from typing import get_args

from bench.loops import loop_factory
from bench.overhead import report
from bench.overhead.measuring import FULL, QUICK, WARM_UP, Extent, Measured, measure
from bench.overhead.processes import run_baseline, run_measured_router, run_provider
from bench.overhead.targets import open_targets
from routersvc.grpc_api.server_options import DEFAULT_EDGE, EdgeName

RESULTS = pathlib.Path(__file__).resolve().parent.parent / "results" / "overhead.md"


def main() -> None:
    """Measure as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m bench.overhead", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round: about 20 seconds")
    parser.add_argument(
        "--output",
        type=pathlib.Path,
        metavar="FILE",
        help="where the tables are written (default with a full run: bench/results/overhead.md; "
        "with a quick one: nowhere)",
    )
    parser.add_argument(
        "--edge",
        choices=[name for name in get_args(EdgeName) if name != DEFAULT_EDGE],
        help="measure echo and router with this edge, too, in the same rounds",
    )
    options = parser.parse_args()
    extent = QUICK if options.quick else FULL
    load = os.getloadavg()[0]
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        measured = runner.run(_measure(extent, options.edge))
    command = "python -m bench.overhead" + (" --quick" if options.quick else "")
    command += f" --edge {options.edge}" if options.edge else ""
    day = dt.datetime.now(dt.UTC).date().isoformat()
    text = f"{report.head(command, day, extent, load)}\n\n{report.tables(measured)}\n"
    print(text)
    output = options.output or (None if options.quick else RESULTS)
    if output is not None:
        output.write_text(text, encoding="utf-8")
        print(f"written to {output}", file=sys.stderr)


async def _measure(extent: Extent, edge: EdgeName | None) -> dict[str, Measured]:
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        provider = stack.enter_context(run_provider(folder))
        servers = {
            kind: stack.enter_context(run_baseline(kind, provider, folder))
            for kind in ("echo", "relay")
        }
        servers["router"] = stack.enter_context(run_measured_router(provider, folder))
        if edge is not None:
            servers[f"echo, {edge}"] = stack.enter_context(
                run_baseline("echo", provider, folder, edge=edge)
            )
            servers[f"router, {edge}"] = stack.enter_context(
                run_measured_router(provider, folder, edge=edge)
            )
        async with open_targets(provider, servers) as targets:
            _say("warming up")
            await measure(targets, WARM_UP, lambda _: None)
            return await measure(targets, extent, _say)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
