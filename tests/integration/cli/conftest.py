"""Commands as processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

Start = Callable[..., "subprocess.Popen[str]"]
Command = Callable[..., "subprocess.CompletedProcess[str]"]

_SPOKEN_FOR = frozenset(
    {"COLUMNS", "FORCE_COLOR", "NO_COLOR", "ROUTERSVC_ADDRESS", "ROUTERSVC_API_KEY"}
)


@pytest.fixture
def start() -> Iterator[Start]:
    """Return what starts a command; whatever still runs is ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def begin(*words: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        environment = {name: value for name, value in os.environ.items() if name not in _SPOKEN_FOR}
        process = subprocess.Popen(
            [sys.executable, "-m", "routersvc", *words],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()
        process.wait()


@pytest.fixture
def command(start: Start) -> Command:
    """Return what runs a command to its end."""

    def run(*words: str, text: str = "") -> subprocess.CompletedProcess[str]:
        process = start(*words, stdin=subprocess.PIPE)
        out, err = process.communicate(text, timeout=60)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    return run
