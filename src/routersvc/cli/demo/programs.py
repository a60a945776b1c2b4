"""Starts and stops the other processes of the demo."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import cast

import orjson

from routersvc.cli.exit_codes import CommandError

_PATIENCE = 5.0
"""Seconds before a process that was asked to stop is killed."""

_START_PATIENCE = 20.0
"""Seconds that a process may take to start, on a busy machine."""


@contextlib.asynccontextmanager
async def running(*arguments: str, folder: Path) -> AsyncGenerator[Mapping[str, object]]:
    """Run a command of this package for as long as the context lasts.

    Yields the JSON object that the command prints as its first line. What it writes to standard
    error goes to a file in `folder`, and is told when it does not start.

    Raises:
        CommandError: it did not start.
    """
    log_file = folder / f"{arguments[0]}.log"
    with log_file.open("wb") as stderr:
        program = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "routersvc",
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            # Ctrl-C is for this process, which ends the others in order.
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    try:
        yield await _first_line(program, arguments[0], log_file)
    finally:
        await _end(program)


async def _first_line(
    program: asyncio.subprocess.Process, name: str, log_file: Path
) -> Mapping[str, object]:
    if program.stdout is None:
        raise ValueError("the program's standard output is a pipe")
    try:
        async with asyncio.timeout(_START_PATIENCE):
            line = await program.stdout.readline()
        return cast("Mapping[str, object]", orjson.loads(line))
    except (TimeoutError, orjson.JSONDecodeError) as error:
        raise CommandError(f"`routersvc {name}` did not start: {_last_line(log_file)}") from error


def _last_line(log_file: Path) -> str:
    said = log_file.read_text(errors="replace").strip().splitlines()
    return said[-1] if said else "it printed nothing"


async def _end(program: asyncio.subprocess.Process) -> None:
    """Stop a process: terminate it, then kill it, and wait for its end."""
    with contextlib.suppress(ProcessLookupError):
        program.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_PATIENCE):
                await program.wait()
        except TimeoutError:
            program.kill()
    await program.wait()
