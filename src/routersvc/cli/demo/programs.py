"""The other programs of the demo: started here, known by their pid, ended here."""

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
"""Seconds that a program has to end by itself before it is killed."""

_START_PATIENCE = 20.0
"""Seconds that a program has to start, on a machine with much else to do."""


@contextlib.asynccontextmanager
async def running(*arguments: str, folder: Path) -> AsyncGenerator[Mapping[str, object]]:
    """Run a command of this package for as long as the context lasts.

    Yields the JSON object that the command prints as its first line. What it writes to standard
    error goes to a file in `folder`, and is told when it does not start.

    Raises:
        CommandError: it did not start.
    """
    complaints = folder / f"{arguments[0]}.log"
    with complaints.open("wb") as stderr:
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
        yield await _first_line(program, arguments[0], complaints)
    finally:
        await _end(program)


async def _first_line(
    program: asyncio.subprocess.Process, name: str, complaints: Path
) -> Mapping[str, object]:
    if program.stdout is None:
        raise ValueError("the program's standard output is a pipe")
    try:
        async with asyncio.timeout(_START_PATIENCE):
            line = await program.stdout.readline()
        return cast("Mapping[str, object]", orjson.loads(line))
    except (TimeoutError, orjson.JSONDecodeError) as error:
        raise CommandError(f"`routersvc {name}` did not start: {_last_line(complaints)}") from error


def _last_line(complaints: Path) -> str:
    said = complaints.read_text(errors="replace").strip().splitlines()
    return said[-1] if said else "it said nothing"


async def _end(program: asyncio.subprocess.Process) -> None:
    """End a program, gently first, and see it gone."""
    with contextlib.suppress(ProcessLookupError):
        program.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_PATIENCE):
                await program.wait()
        except TimeoutError:
            program.kill()
    await program.wait()
