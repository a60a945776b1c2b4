"""`python -m bench.reloads`: reloads under load, in one process with simulated providers."""

from __future__ import annotations

import argparse
import asyncio
import pathlib
import sys
import tempfile

from bench.loops import loop_factory
from bench.reloads.trial import Trial, run


def main() -> None:
    """Run a trial as the arguments say; fail where a call failed or something is left."""
    parser = argparse.ArgumentParser(prog="python -m bench.reloads", description=__doc__)
    parser.add_argument("--reloads", type=int, default=100, help="half of them broken")
    parser.add_argument("--rate", type=float, default=200.0, help="calls per second")
    parser.add_argument("--between", type=int, default=20, help="calls between two reloads")
    options = parser.parse_args()
    trial = Trial(reloads=options.reloads, rate=options.rate, calls_between=options.between)
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=loop_factory()) as runner,
    ):
        findings = runner.run(run(pathlib.Path(folder), trial))
    print(f"reloads applied: {findings.applied}, refused: {findings.refused}")
    print(f"calls served: {findings.served}, failed: {dict(findings.failed)}")
    print(
        f"openings of the broken provider's breaker: {findings.openings[-1]}, never fewer:"
        f" {not findings.forgot_breaker}"
    )
    print(f"left at the end: {findings.left or 'nothing'}")
    sys.exit(bool(findings.failed or findings.left or findings.forgot_breaker))


if __name__ == "__main__":
    main()
