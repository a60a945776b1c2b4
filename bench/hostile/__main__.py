"""`python -m bench.hostile`: attacks on a router beside a quiet caller, which must not notice.

The exit code is 1 if a target is missed. Where `ROUTERSVC_SHARED` has `reality/hostile`, its cases
run too, and each has to pass.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import get_args

from bench.hostile.attacks import ATTACKS
from bench.hostile.report import broken_targets, page_of
from bench.hostile.rounds import measure
from bench.tables import RESULTS
from routersvc.grpc_api.server_options import DEFAULT_EDGE, EdgeName

SHARED_CASES = (
    "numbers_that_upset_a_validator",
    "numbers_in_every_shape",
    "many_small_things",
    "work_ends_with_its_caller",
    "burst_of_calls",
    "resets_without_a_key",
    "nested_json",
    "unfinished_messages_without_a_key",
    "explanations_beside_calls",
    "idle_connections_without_a_key",
)


def main() -> int:
    """Run as the arguments say; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.hostile", description=__doc__)
    parser.add_argument("names", nargs="*", help="only attacks whose name contains one of these")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each attack (default 8)")
    parser.add_argument(
        "--edge", choices=get_args(EdgeName), default=DEFAULT_EDGE, help="of the router"
    )
    parser.add_argument("--write", action="store_true", help="write a page of bench/results")
    options = parser.parse_args()
    names: list[str] = options.names
    if names and options.write:
        parser.error("only a table of all attacks is written")
    chosen = [name for name in ATTACKS if not names or any(part in name for part in names)]
    if not chosen:
        parser.error("no attack has such a name")
    load = os.getloadavg()[0]
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        rounds = measure(chosen, options.seconds, pathlib.Path(folder), options.edge)
    text = page_of(rounds, options.edge, load=load, seconds=time.monotonic() - began)
    print(text)
    if options.write:
        name = "hostile" if options.edge == DEFAULT_EDGE else f"hostile_{options.edge}"
        (RESULTS / f"{name}.md").write_text(text, encoding="utf-8")
    return int(bool(broken_targets(rounds)) or (not names and not _shared_cases_pass()))


def _shared_cases_pass() -> bool:
    """Run the cases from outside of the project, if they are there."""
    folder = os.environ.get("ROUTERSVC_SHARED", "")
    script = pathlib.Path(folder) / "reality/hostile/hostile.py"
    if not folder or not script.is_file():
        print("no cases from outside of the project: ROUTERSVC_SHARED has none", file=sys.stderr)
        return True
    program = os.environ.get("ROUTERSVC", str(pathlib.Path(sys.executable).parent / "routersvc"))
    done = subprocess.run(  # noqa: S603 - a program that the operator names
        [sys.executable, str(script), *SHARED_CASES],
        env={**os.environ, "ROUTERSVC": program, "PORT": os.environ.get("PORT", "24300")},
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout)
    return done.stdout.count("PASS ") == len(SHARED_CASES)


if __name__ == "__main__":
    sys.exit(main())
