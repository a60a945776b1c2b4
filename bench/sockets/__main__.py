"""`python -m bench.sockets`: real processes on loopback, in real time, and one table of results.

The processes are a router, a simulator and this one, which makes the calls. Every scenario starts a
new router with default settings, except for those in its description.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import pathlib
import sys
import tempfile

from bench.loops import loop_factory
from bench.sockets import report
from bench.sockets.findings import Scene
from bench.sockets.scenarios import SCENARIOS

RESULTS = pathlib.Path(__file__).resolve().parent.parent / "results" / "sockets.md"


def main() -> None:
    """Run scenarios as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m bench.sockets", description=__doc__)
    parser.add_argument(
        "scenarios",
        nargs="*",
        metavar="scenario",
        help=f"which ones, of {', '.join(SCENARIOS)} (default: all)",
    )
    parser.add_argument("--write", action="store_true", help="write bench/results/sockets.md")
    options = parser.parse_args()
    names: list[str] = options.scenarios or list(SCENARIOS)
    unknown = [name for name in names if name not in SCENARIOS]
    if unknown:
        parser.error(f"no scenario is named `{unknown[0]}`; there are {', '.join(SCENARIOS)}")
    load = os.getloadavg()[0]
    scenes: dict[str, Scene] = {}
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        for name in names:
            print(f"{name}: {SCENARIOS[name].description}", file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory() as folder:
                scene = runner.run(SCENARIOS[name].run(pathlib.Path(folder)))
            scenes[name] = scene
            for finding in scene.findings:
                print(
                    f"  {finding.figure}: {finding.measured} {finding.target} {finding.verdict}",
                    file=sys.stderr,
                    flush=True,
                )
    text = report.table_of(scenes, load)
    print(text)
    if options.write:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
