"""Run the soak cases of gRPC's interop suite: `make soak`.

grpc-go's own client calls a test service behind the router's interceptors: `rpc_soak` on one
connection, `channel_soak` on a new one for each call. Each iteration sends 271,828 bytes and gets
314,159. An iteration that fails is counted by the client, which then ends with an error.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, cast, get_args

from routersvc.grpc_api.server_options import EdgeName

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / ".tools/bin/grpc-interop-client"
SERVER = ROOT / "tests/integration/interop/interop_server.py"
RESULT = ROOT / "bench/results/interop_soak.md"
CASES = ("rpc_soak", "channel_soak")
THREADS = 4

_SUCCEEDED = re.compile(r"elapsed_ms: (\d+) .* succeeded$", re.MULTILINE)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Soaked:
    """The result of a case; times in milliseconds, except `seconds`."""

    case: str
    succeeded: int
    failed: int
    seconds: float
    median: float
    p99: float
    longest: float


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--iterations", type=int, default=10_000)
    parser.add_argument("--edge", default="grpcio", choices=get_args(EdgeName))
    arguments = parser.parse_args()
    iterations: int = arguments.iterations
    if not CLIENT.exists():
        print(f"`{CLIENT.name}` is not installed: install Go and run `make tools`", file=sys.stderr)
        return 2
    with subprocess.Popen(  # noqa: S603 - the server of the tests
        [sys.executable, SERVER, arguments.edge],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        stdin, stdout = cast("IO[str]", server.stdin), cast("IO[str]", server.stdout)
        port = stdout.readline().strip()
        soaked = [soak(case, port, iterations) for case in CASES]
        stdin.close()
    table = rendered(soaked, iterations)
    print(table)
    if iterations >= parser.get_default("iterations") and arguments.edge == "grpcio":
        RESULT.write_text(table, encoding="utf-8")
    return int(any(it.failed for it in soaked))


def soak(case: str, port: str, iterations: int) -> Soaked:
    """Run a case to its end."""
    begin = time.monotonic()
    ended = subprocess.run(  # noqa: S603 - the client that `make tools` builds
        [
            CLIENT,
            "--server_host=127.0.0.1",
            f"--server_port={port}",
            f"--test_case={case}",
            f"--soak_iterations={iterations}",
            f"--soak_num_threads={THREADS}",
            # Iterations fail by their result, not by the speed of this machine.
            "--soak_per_iteration_max_acceptable_latency_ms=60000",
            "--soak_overall_timeout_seconds=3600",
        ],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    seconds = time.monotonic() - begin
    times = sorted(int(found[1]) for found in _SUCCEEDED.finditer(ended.stdout))
    if ended.returncode and not times:
        print(ended.stdout, file=sys.stderr)
    return Soaked(
        case=case,
        succeeded=len(times),
        failed=iterations - len(times),
        seconds=seconds,
        median=statistics.median(times) if times else 0,
        p99=times[len(times) * 99 // 100] if times else 0,
        longest=times[-1] if times else 0,
    )


def rendered(soaked: list[Soaked], iterations: int) -> str:
    """Return the result as Markdown."""
    today = dt.datetime.now(dt.UTC).date()
    lines = [
        "# gRPC's interop soak",
        "",
        f"`python -m bench.interop --iterations {iterations}`, {today}: grpc-go's own client with",
        f"{THREADS} threads, a test service behind the router's interceptors, both on one shared",
        "machine of two processors. Each iteration sends 271,828 bytes and gets 314,159.",
        "",
        "| case | iterations | **failed** | seconds | median ms | p99 ms | longest ms |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| `{it.case}` | {it.succeeded + it.failed:,} | {it.failed} | {it.seconds:.0f} | "
        f"{it.median:.0f} | {it.p99:.0f} | {it.longest:.0f} |"
        for it in soaked
    ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main())
