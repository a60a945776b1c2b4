"""`python -m bench.profiling`: the CPU time of the router under a load, by function.

Measures the CPU time for a unit of work without a profiler, then the same load with cProfile. The
cost of profiling is calibrated and subtracted; the result allows functions to be compared, and the
number of calls is exact, but the sum is larger than without the profiler. The router has a
processor of its own, since its system calls would otherwise be charged for the processes that they
wake.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import marshal
import os
import pathlib
import signal
import tempfile

from bench.loops import loop_factory
from bench.overhead import load, measuring
from bench.overhead.load import Effort
from bench.overhead.processes import run_measured_router, run_provider
from bench.overhead.targets import Target, open_targets
from bench.profiling.profiles import ProfileSums, add_up

ROWS = 40
WRITING_TIMEOUT = 10.0


def main() -> None:
    """Profile as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m bench.profiling", description=__doc__)
    parser.add_argument("load", choices=("unary", "unpaced", "paced"), nargs="?", default="unary")
    parser.add_argument(
        "--seconds", type=float, default=5.0, help="of each run (default %(default)g)"
    )
    parser.add_argument(
        "--streams",
        type=int,
        default=measuring.PACED_STREAMS[0],
        help="paced streams at once (default %(default)s)",
    )
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_profile(options))


async def _profile(options: argparse.Namespace) -> None:
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        output = folder / "profile"
        provider = stack.enter_context(run_provider(folder))
        server = stack.enter_context(
            run_measured_router(provider, folder, "-m", "bench.profiling.profiled", str(output))
        )
        async with open_targets(provider, {"router": server}) as targets:
            target = targets[-1]
            _separate(server.pid, provider.pid)
            await _run(target, options, seconds=1.0)
            undisturbed = await _run(target, options, seconds=options.seconds)
            os.kill(server.pid, signal.SIGUSR1)
            profiled = await _run(target, options, seconds=options.seconds)
            os.kill(server.pid, signal.SIGUSR2)
            async with asyncio.timeout(WRITING_TIMEOUT):
                while not output.exists():  # noqa: ASYNC110 - another process writes it
                    await asyncio.sleep(0.05)
        content = marshal.loads(output.read_bytes())  # noqa: S302 - our own process wrote it
        _print(add_up(content), undisturbed, profiled)


def _separate(router: int, provider: int) -> None:
    """Give the router a processor that the provider and this process do not use."""
    available = sorted(os.sched_getaffinity(0))
    if len(available) > 1:
        os.sched_setaffinity(0, available[1:])
        for pid, processors in ((router, available[:1]), (provider, available[1:])):
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(task.name), processors)


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


def _print(sums: ProfileSums, undisturbed: Effort, profiled: Effort) -> None:
    kernel = undisturbed.used.kernel / undisturbed.cpu
    print(
        f"{undisturbed.cpu / undisturbed.units * 1e6:.0f} µs of CPU for a unit, {kernel:.0%} of it "
        f"in the kernel; under the profiler {profiled.cpu / profiled.units * 1e6:.0f} µs\n"
    )
    print("    µs  area")
    outside = {"event loop and gRPC, outside of Python functions": sums.outside}
    for area, seconds in {**outside, **sums.areas}.items():
        print(f"{seconds / profiled.units * 1e6:6.1f}  {area}")
    print("\n    µs  calls  function, without what it calls in Python")
    for use in sums.functions[:ROWS]:
        print(
            f"{use.seconds / profiled.units * 1e6:6.2f} {use.calls / profiled.units:6.2f}"
            f"  {use.name}"
        )


if __name__ == "__main__":
    main()
