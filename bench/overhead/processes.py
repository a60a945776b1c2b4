"""The processes that are measured: the simulated provider, the baselines, the router.

Each is started here, says in one line that it is ready, and is ended here by its pid.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import socket
import subprocess
import sys
from collections.abc import Generator, Sequence
from typing import cast

import grpc

END_TIMEOUT = 10.0
READY_TIMEOUT = 30.0

TOKEN = " token"  # noqa: S105 - a word of an answer
"""Every token of the provider's answers is this word, so that tokens can be counted by length."""

UNPACED_TOKENS = 48
PACED_TOKENS = 1500
PACED_GAP = 0.02
MODELS = {"unpaced": UNPACED_TOKENS, "paced": PACED_TOKENS}

DEPLOYMENTS = 4
"""Deployments of each model: a deployment does not start with room for all the streams."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """The simulated provider: where each of its two ways of answering is called."""

    pid: int
    base_urls: dict[str, str]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """A gRPC server that is measured."""

    pid: int
    address: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CpuTime:
    """Seconds of processor time, in steps of 10 ms: outside of the kernel and in it."""

    user: float
    kernel: float

    def __sub__(self, earlier: CpuTime) -> CpuTime:
        """Return what was used since `earlier`."""
        return CpuTime(user=self.user - earlier.user, kernel=self.kernel - earlier.kernel)


def cpu_time(pid: int) -> CpuTime:
    """Return the processor time that a process has used with all its threads."""
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    # The name in parentheses may hold spaces; the fields behind it are counted from its end.
    fields = stat.rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    return CpuTime(user=int(fields[11]) / ticks, kernel=int(fields[12]) / ticks)


@contextlib.contextmanager
def run_provider(folder: pathlib.Path) -> Generator[Provider]:
    """Run a provider that answers at once (`unpaced`) or a token every 20 ms (`paced`)."""
    settings = {
        "log_capacity": 1,
        "providers": [
            {
                "name": name,
                "behaviour": {
                    "answer": {"kind": "fixed", "text": TOKEN * tokens},
                    "time_between_tokens": {
                        "kind": "constant",
                        "value": PACED_GAP if name == "paced" else 0,
                    },
                },
            }
            for name, tokens in MODELS.items()
        ],
    }
    file = folder / "provider.yaml"
    file.write_text(json.dumps(settings), encoding="utf-8")
    arguments = ["-m", "routersvc.simulator", "--config", str(file)]
    with _running(arguments, folder / "provider.log") as process:
        addresses = json.loads(_first_line(process, folder / "provider.log"))
        yield Provider(
            pid=process.pid,
            base_urls={name: addresses["providers"][name]["base_url"] for name in MODELS},
        )


@contextlib.contextmanager
def run_baseline(kind: str, provider: Provider, folder: pathlib.Path) -> Generator[Server]:
    """Run a gRPC server that does less than the router: `echo` or `relay`."""
    arguments = ["-m", "bench.overhead.baselines", kind, json.dumps(provider.base_urls)]
    with _running(arguments, folder / f"{kind}.log") as process:
        yield Server(pid=process.pid, address=_first_line(process, folder / f"{kind}.log"))


@contextlib.contextmanager
def run_router(provider: Provider, folder: pathlib.Path, *command: str) -> Generator[Server]:
    """Run the router as a service, with the defaults of its settings.

    `command` is how Python is told to run it, where that is not simply the module.
    """
    address = f"127.0.0.1:{_free_port()}"
    file = folder / "router.yaml"
    file.write_text(json.dumps(_router_settings(provider, address)), encoding="utf-8")
    arguments = [*(command or ("-m", "routersvc")), "serve", "--config", str(file)]
    with _running(arguments, folder / "router.log") as process:
        with grpc.insecure_channel(address) as channel:
            try:
                grpc.channel_ready_future(channel).result(READY_TIMEOUT)
            except grpc.FutureTimeoutError:
                raise RuntimeError(f"no router came up:\n{_log(folder / 'router.log')}") from None
        yield Server(pid=process.pid, address=address)


def _router_settings(provider: Provider, address: str) -> dict[str, object]:
    policies = {
        f"{model}{place}": model for model in provider.base_urls for place in range(DEPLOYMENTS)
    }
    return {
        "providers": {
            name: {"wire_format": "openai_chat", "base_url": url}
            for name, url in provider.base_urls.items()
        },
        "models": {"sim-large": {"context_window": 128_000}},
        "deployments": {
            policy: {"provider": model, "model": "sim-large"} for policy, model in policies.items()
        },
        "policies": {policy: {"deployments": [policy]} for policy in policies},
        "default_policy": next(iter(policies)),
        "server": {"listen": [address], "drain": {"notice_delay": 0, "grace": 1}},
        "telemetry": {"prometheus": {"listen": "127.0.0.1:0"}},
    }


@contextlib.contextmanager
def _running(arguments: Sequence[str], log: pathlib.Path) -> Generator[subprocess.Popen[str]]:
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


def _first_line(process: subprocess.Popen[str], log: pathlib.Path) -> str:
    line = "" if process.stdout is None else process.stdout.readline()
    if not line:
        raise RuntimeError(f"a process did not come up:\n{_log(log)}")
    return line.strip()


def _log(file: pathlib.Path) -> str:
    return file.read_text(encoding="utf-8")[-2000:]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return cast("int", taken.getsockname()[1])
