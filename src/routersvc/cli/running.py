"""Runs one command line from its words to its exit code. Nothing that goes wrong shows a traceback.

Set `ROUTERSVC_TRACEBACK=1` to see where a defect is.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from routersvc.cli.application import application
from routersvc.cli.exit_codes import CommandError, ExitCode


@runtime_checkable
class _UsageError(Protocol):
    """What typer raises about the words of a command line."""

    exit_code: int

    def format_message(self) -> str: ...


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    try:
        returned: object = application(
            args=list(arguments), prog_name="routersvc", standalone_mode=False
        )
        sys.stdout.flush()
    except BrokenPipeError:
        return _let_go_of_output()
    except SystemExit as end:
        # Typer ends the process itself when the reader of a pipe is gone, and for nothing else.
        return _let_go_of_output() if isinstance(end.__context__, BrokenPipeError) else _code(end)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except CommandError as error:
        _complain(str(error))
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the last place where anything can be said
        return _unexpected(error)
    return returned if isinstance(returned, int) else ExitCode.OK


def _unexpected(error: Exception) -> int:
    if isinstance(error, _UsageError):
        context = getattr(error, "ctx", None)
        command = getattr(context, "command_path", "routersvc")
        message = error.format_message().rstrip(".")
        see = " See" if message.endswith("?") else "; see"
        _complain(f"{message}{see} `{command} --help`")
        return error.exit_code
    if os.environ.get("ROUTERSVC_TRACEBACK"):
        traceback.print_exception(error)
    _complain(
        f"a defect of routersvc: {type(error).__name__}: {' '.join(str(error).split())}; "
        "ROUTERSVC_TRACEBACK=1 shows where"
    )
    return ExitCode.FAILED


def _complain(sentence: str) -> None:
    from routersvc.cli.views.terminal import complain  # noqa: PLC0415 - rarely needed

    try:
        complain(sentence)
    except BrokenPipeError:
        _let_go_of_output()


def _code(end: SystemExit) -> int:
    return end.code if isinstance(end.code, int) else ExitCode.FAILED


def _let_go_of_output() -> int:
    """Point the standard outputs nowhere, so that the interpreter's last flush fails silently."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            os.dup2(nowhere, stream.fileno())
    return ExitCode.BROKEN_PIPE
