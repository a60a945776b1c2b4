"""`python -m bench.wire`: every recorded exchange through the adapters, against other readers.

Prints provider, API and kind with what is recorded and what passed, what recorded requests and the
whole contract become, names everything that did not pass with its reason, and ends with 1 where
there is any. The environment variable
`ROUTERSVC_SHARED` says where the recordings are.
"""

from __future__ import annotations

import argparse
import pathlib
import sys

from bench.wire import corpus
from bench.wire.contract_bodies import contract_bodies
from bench.wire.deliveries import deliveries
from bench.wire.outcomes import outcomes
from bench.wire.report import report, unsound
from bench.wire.round_trips import round_trips

RESULTS = pathlib.Path(__file__).resolve().parent.parent / "results" / "wire.md"


def main() -> int:
    """Run as the arguments say; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.wire", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write the tables to {RESULTS.name}")
    parser.add_argument(
        "--every-byte",
        action="store_true",
        help="deliver every stream byte by byte instead, cut after each (minutes)",
    )
    options = parser.parse_args()
    wire = corpus.folder()
    if wire is None:
        print(
            f"{corpus.ENVIRONMENT} names no folder with recordings, and none is beside the project",
            file=sys.stderr,
        )
        return 2
    if options.every_byte:
        return _deliver(wire)
    answers, errors = outcomes(wire)
    requests = round_trips(wire)
    contract = contract_bodies(wire)
    text = "\n".join(report(answers, errors, requests, contract)).rstrip("\n") + "\n"
    print(text, end="")
    if options.write:
        RESULTS.write_text(text)
    failed = unsound([*answers.values(), *errors.values(), *requests.values()])
    return 1 if failed or any(said.faults or said.not_as_declared for said in contract) else 0


def _deliver(wire: pathlib.Path) -> int:
    found = deliveries(wire)
    size = sum(one.size for one in found.values())
    print(f"{len(found)} streams, {size} bytes: delivered byte by byte, cut after each byte")
    complaints = [f"{file}: {one}" for file, got in found.items() for one in got.complaints]
    print("\n".join(complaints) or "no cut was a success, no event was another")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
