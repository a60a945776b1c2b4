"""Runs the processes of a benchmark and reads what they use of the machine.

Each is started here, says in one line that it is ready, and is ended here by its pid.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from typing import Any

END_TIMEOUT = 10.0
_TICKS = os.sysconf("SC_CLK_TCK")
_IDLE_FIELDS = (3, 4)
"""Where `/proc/stat` counts a processor's idle time, and that of waiting for a disk."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CpuTime:
    """Seconds of processor time, in steps of 10 ms: outside of the kernel and in it."""

    user: float
    kernel: float

    def __sub__(self, earlier: CpuTime) -> CpuTime:
        """Return what was used since `earlier`."""
        return CpuTime(user=self.user - earlier.user, kernel=self.kernel - earlier.kernel)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class SimulatorProcess:
    """A simulator: where it is controlled, and where each of its providers is called."""

    pid: int
    control_url: str
    base_urls: Mapping[str, str]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RouterProcess:
    """A router: where it is called, and where its metrics are read, if anywhere."""

    pid: int
    address: str
    metrics_address: str | None


def cpu_time(pid: int) -> CpuTime:
    """Return the processor time that a process has used with all its threads."""
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    # The name in parentheses may hold spaces; the fields behind it are counted from its end.
    fields = stat.rpartition(")")[2].split()
    return CpuTime(user=int(fields[11]) / _TICKS, kernel=int(fields[12]) / _TICKS)


def busy_time() -> float:
    """Return the seconds that all processors together have been busy since the machine started."""
    first = pathlib.Path("/proc/stat").read_text(encoding="utf-8").splitlines()[0]
    # The last two fields, of virtual guests, are part of the first two.
    fields = [int(field) for field in first.split()[1:9]]
    return sum(field for place, field in enumerate(fields) if place not in _IDLE_FIELDS) / _TICKS


def resident_memory(pid: int) -> int:
    """Return the bytes of memory that a process has in use."""
    pages = pathlib.Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def open_descriptors(pid: int) -> int:
    """Return how many descriptors a process has open."""
    return len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))


@contextlib.contextmanager
def run_simulator(
    settings: Mapping[str, object], folder: pathlib.Path
) -> Generator[SimulatorProcess]:
    """Run a simulator with these settings."""
    file, log = folder / "simulator.yaml", folder / "simulator.log"
    file.write_text(json.dumps(settings), encoding="utf-8")
    with running(["-m", "routersvc.simulator", "--config", str(file)], log) as process:
        addresses = json.loads(first_line(process, log))
        yield SimulatorProcess(
            pid=process.pid,
            control_url=addresses["control_url"],
            base_urls={
                name: provider["base_url"] for name, provider in addresses["providers"].items()
            },
        )


@contextlib.contextmanager
def run_router(
    settings: Mapping[str, object], folder: pathlib.Path, *command: str
) -> Generator[RouterProcess]:
    """Run the router as a service with these settings.

    `command` replaces the arguments with which Python runs it.
    """
    file, log = folder / "router.yaml", folder / "router.log"
    file.write_text(json.dumps(settings), encoding="utf-8")
    arguments = [*(command or ("-m", "routersvc")), "serve", "--config", str(file), "--json"]
    with running(arguments, log) as process:
        started: dict[str, Any] = json.loads(first_line(process, log))
        yield RouterProcess(
            pid=process.pid,
            address=started["addresses"][0],
            metrics_address=started.get("metrics_address"),
        )


@contextlib.contextmanager
def running(arguments: Sequence[str], log: pathlib.Path) -> Generator[subprocess.Popen[str]]:
    """Run Python with these arguments for as long as the context lasts; it is ended by its pid."""
    with (
        log.open("w", encoding="utf-8") as errors,
        subprocess.Popen(  # noqa: S603 - a module of this project
            [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(END_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()


def first_line(process: subprocess.Popen[str], log: pathlib.Path) -> str:
    """Return the line by which a process says that it is ready.

    Raises:
        RuntimeError: it ended instead.
    """
    line = "" if process.stdout is None else process.stdout.readline()
    if not line:
        said = log.read_text(encoding="utf-8")[-2000:]
        raise RuntimeError(f"a process did not come up:\n{said}")
    return line.strip()
