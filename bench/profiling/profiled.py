"""Runs the service in this process under cProfile: `python -m bench.profiling.profiled FILE ...`.

SIGUSR1 begins a profile of the main thread, SIGUSR2 ends it and writes it to FILE. What follows
FILE are the arguments of the service's command line.

The clock is wall time: reading the thread's CPU time costs several times what most functions do.
A service that waits does so outside of Python functions, so waiting is in no figure; another
process's turn on the same processor is, wherever it interrupts.
"""

from __future__ import annotations

import cProfile
import dataclasses
import marshal
import pathlib
import signal
import sys
import time
from types import FrameType

CALLS = 50_000


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """Seconds that profiling one call adds to the function called, and to its caller."""

    inside: float
    outside: float


def calibrate() -> Calibration:
    """Measure the cost of profiling a call."""

    def called() -> None:
        pass

    def calling() -> None:
        for _ in range(CALLS):
            called()

    started = time.perf_counter()
    calling()
    plain = time.perf_counter() - started
    profile = cProfile.Profile()
    profile.enable()
    started = time.perf_counter()
    calling()
    profiled = time.perf_counter() - started
    profile.disable()
    own = {
        entry.code: entry.inlinetime
        for entry in profile.getstats()
        if entry.code in {called.__code__, calling.__code__}
    }
    inside = own[called.__code__] / CALLS
    return Calibration(inside=inside, outside=(profiled - plain) / CALLS - inside)


def main() -> None:
    """Run the service, ready to be profiled."""
    output = pathlib.Path(sys.argv[1])
    calibration = calibrate()
    profile = cProfile.Profile()
    began = 0.0

    def begin(number: int, frame: FrameType | None) -> None:
        nonlocal began
        del number, frame
        began = time.thread_time()
        profile.enable()

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        profile.disable()
        elapsed = time.thread_time() - began
        profile.create_stats()
        content = marshal.dumps(
            {
                "stats": profile.stats,
                "elapsed": elapsed,
                "inside": calibration.inside,
                "outside": calibration.outside,
            }
        )
        whole = output.with_suffix(".part")
        whole.write_bytes(content)
        whole.replace(output)

    signal.signal(signal.SIGUSR1, begin)
    signal.signal(signal.SIGUSR2, end)

    from routersvc.cli import main as serve  # noqa: PLC0415 - after the calibration

    serve(sys.argv[2:])


if __name__ == "__main__":
    main()
