"""Load a router with ghz: `make load`.

Without `--address` it starts a router and a simulated provider that answers at once, and stops them
at the end. The profiles are ghz's own configuration: `ghz --config bench/load/unary.json HOST:PORT`
does the same by hand.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import datetime as dt
import json
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import IO, Any, cast

from clients.conformance.runner.servers import Server

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
GHZ = ROOT / ".tools/bin/ghz"
RESULT = ROOT / "bench/results/load.md"
PROFILES = ("unary", "stream")

_SETTINGS = """
server: {listen: ["127.0.0.1:0"]}
telemetry: {log: {level: warning}}
providers:
  alpha: {wire_format: openai_chat, dialect: openai, base_url: %s}
models:
  sim-large: {context_window: 128000}
deployments:
  alpha: {provider: alpha, model: sim-large}
policies:
  default: {deployments: [alpha]}
"""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """The result of a profile; `latencies` in milliseconds by percentile."""

    profile: str
    calls: int
    failed: int
    rate: float
    latencies: dict[int, float]


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", help="a router that runs already; writes no result")
    address: str | None = parser.parse_args().address
    if not GHZ.exists():
        print("`ghz` is not installed: install Go and run `make load`", file=sys.stderr)
        return 2
    loaded = asyncio.run(_at_own_router()) if address is None else load(address)
    table = rendered(loaded)
    print(table)
    if address is None:
        RESULT.write_text(table, encoding="utf-8")
    return int(any(it.failed for it in loaded))


async def _at_own_router() -> list[Loaded]:
    async with _router() as address:
        return await asyncio.to_thread(load, address)


@contextlib.asynccontextmanager
async def _router() -> AsyncGenerator[str]:
    command = [sys.executable, "-m", "routersvc.simulator", "--provider", "alpha=instant"]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(  # noqa: ASYNC220, S603 - the simulator; it says one line at once
            [*command, "--port", "0"], stdout=subprocess.PIPE, text=True
        ) as simulator,
    ):
        try:
            addresses: Any = json.loads(cast("IO[str]", simulator.stdout).readline())
            config = Path(folder) / "router.yaml"
            base_url = addresses["providers"]["alpha"]["base_url"]
            config.write_text(_SETTINGS % base_url, encoding="utf-8")
            async with Server.start(config) as server:
                yield server.address
        finally:
            simulator.terminate()


def load(address: str) -> list[Loaded]:
    """Run every profile against a router."""
    return [_loaded(profile, address) for profile in PROFILES]


def _loaded(profile: str, address: str) -> Loaded:
    ended = subprocess.run(  # noqa: S603 - the tool that `make load` builds
        [GHZ, "--config", HERE / f"{profile}.json", "--format", "json", address],
        check=True,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    report: Any = json.loads(ended.stdout)
    codes: dict[str, int] = report["statusCodeDistribution"]
    return Loaded(
        profile=profile,
        calls=report["count"],
        failed=report["count"] - codes.get("OK", 0),
        rate=report["rps"],
        latencies={
            int(entry["percentage"]): entry["latency"] / 1e6
            for entry in report["latencyDistribution"]
        },
    )


def rendered(loaded: list[Loaded]) -> str:
    """Return the result as Markdown."""
    today = dt.datetime.now(dt.UTC).date()
    lines = [
        "# Load by ghz",
        "",
        f"`python -m bench.load`, {today}: ghz, the router and a simulated provider that answers",
        "48 tokens at once share one machine of two processors with others; 32 calls in flight on",
        "4 connections. What the router adds to a call is measured by `make bench`, not here.",
        "",
        "| profile | calls | **failed** | calls/s | p50 ms | p95 ms | p99 ms |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| `{it.profile}` | {it.calls:,} | {it.failed} | {it.rate:.0f} | "
        + " | ".join(f"{it.latencies[percentile]:.0f}" for percentile in (50, 95, 99))
        + " |"
        for it in loaded
    ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main())
