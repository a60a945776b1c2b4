"""`python -m bench.profiling`: where the CPU time of the router, or of a baseline, goes under load.

Measures the CPU for a unit of work first, undisturbed, then samples the same load with py-spy,
native frames included. Sampling stops the process for a moment each time, which slows it by
half; so the shares come from the samples and the microseconds from the undisturbed run.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping

from bench.loops import loop_factory
from bench.overhead import load, measuring
from bench.overhead.load import Effort
from bench.overhead.processes import run_baseline, run_provider, run_router
from bench.overhead.targets import Target, open_targets
from bench.profiling.stacks import Profile, profile

RATE = 251
"""Samples a second: a prime, so that they do not keep time with the tokens."""

ROWS = 25


def main() -> None:
    """Profile as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m bench.profiling", description=__doc__)
    parser.add_argument("load", choices=("unary", "unpaced", "paced"), nargs="?", default="unary")
    parser.add_argument("--server", choices=("router", "relay", "echo"), default="router")
    parser.add_argument("--seconds", type=float, default=10.0, help="of sampling (default 10)")
    parser.add_argument(
        "--streams",
        type=int,
        default=measuring.PACED_STREAMS[0],
        help="paced streams at once (default %(default)s)",
    )
    parser.add_argument(
        "--stacks",
        type=pathlib.Path,
        metavar="FILE",
        help="keep the sampled stacks, for flame graphs (speedscope reads them)",
    )
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_profile(options))


async def _profile(options: argparse.Namespace) -> None:
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        provider = stack.enter_context(run_provider(folder))
        server = stack.enter_context(
            run_router(provider, folder)
            if options.server == "router"
            else run_baseline(options.server, provider, folder)
        )
        async with open_targets(provider, {options.server: server}) as targets:
            target = targets[-1]
            await _run(target, options, seconds=1.0)
            undisturbed = await _run(target, options, seconds=options.seconds / 2)
            stacks = options.stacks or folder / "stacks.txt"
            sampler = _sample(target.pid, options.seconds, stacks)
            try:
                await _run(target, options, seconds=options.seconds + 1)
                output, _ = await asyncio.to_thread(sampler.communicate)
            finally:
                if sampler.poll() is None:
                    sampler.kill()
        if sampler.returncode:
            sys.exit(f"py-spy cannot sample: {output.decode(errors='replace')}")
        with stacks.open(encoding="utf-8", errors="replace") as lines:
            _print(profile(lines), undisturbed.cpu / undisturbed.units)


async def _run(target: Target, options: argparse.Namespace, *, seconds: float) -> Effort:
    match options.load:
        case "unary":
            return await load.unary_effort(target, in_flight=measuring.IN_FLIGHT, seconds=seconds)
        case "unpaced":
            return await load.stream_effort(
                target, in_flight=measuring.UNPACED_STREAMS, seconds=seconds
            )
        case _:
            return await load.paced_effort(target, streams=options.streams, seconds=seconds)


def _sample(pid: int, seconds: float, output: pathlib.Path) -> subprocess.Popen[bytes]:
    beside = str(pathlib.Path(sys.executable).parent)
    program = shutil.which("py-spy", path=beside) or shutil.which("py-spy")
    if program is None:
        sys.exit("py-spy is not installed: it comes with the development dependencies")
    return subprocess.Popen(  # noqa: S603 - the program was looked up above
        [
            program,
            "record",
            *("--pid", str(pid)),
            *("--duration", str(round(seconds))),
            *("--rate", str(RATE)),
            *("--format", "raw"),
            *("--output", str(output)),
            "--native",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def _print(result: Profile, cpu: float) -> None:
    print(f"{cpu * 1e6:.0f} µs of CPU for a unit, {result.samples} samples\n")
    _table("area, without what it calls in other areas", result.areas, cpu)
    _table("what the processor was doing", result.leaves, cpu)
    _table("function of the router, with all that it calls", result.functions, cpu)


def _table(title: str, shares: Mapping[str, float], cpu: float) -> None:
    print(f"    µs      %  {title}")
    for name, share in list(shares.items())[:ROWS]:
        print(f"{share * cpu * 1e6:6.1f}  {share * 100:5.1f}  {name}")
    print()


if __name__ == "__main__":
    main()
