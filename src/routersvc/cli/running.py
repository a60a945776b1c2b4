"""Runs one command line and returns its exit code.

Errors are printed as one sentence. `ROUTERSVC_TRACEBACK=1` adds the traceback of unexpected errors.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from routersvc.cli.application import application
from routersvc.cli.exit_codes import CommandError, ExitCode
from routersvc.cli.options.call_options import with_wait_value


@runtime_checkable
class _UsageError(Protocol):
    """The exception that typer raises for wrong usage of the command line."""

    exit_code: int

    def format_message(self) -> str: ...


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    try:
        returned: object = application(
            args=with_wait_value(arguments), prog_name="routersvc", standalone_mode=False
        )
        sys.stdout.flush()
    except BrokenPipeError:
        return _discard_output()
    except SystemExit as end:
        # Typer ends the process itself only when the reader of a pipe has closed it.
        return _discard_output() if isinstance(end.__context__, BrokenPipeError) else _code(end)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except CommandError as error:
        _print_error(str(error))
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the last place that can report it
        return _unexpected(error)
    return returned if isinstance(returned, int) else ExitCode.OK


def _unexpected(error: Exception) -> int:
    if isinstance(error, _UsageError):
        context = getattr(error, "ctx", None)
        command = getattr(context, "command_path", "routersvc")
        message = error.format_message().rstrip(".")
        see = " See" if message.endswith("?") else "; see"
        _print_error(f"{message}{see} `{command} --help`")
        return error.exit_code
    if os.environ.get("ROUTERSVC_TRACEBACK"):
        traceback.print_exception(error)
    _print_error(
        f"unexpected {type(error).__name__}: {' '.join(str(error).split())}; "
        "set ROUTERSVC_TRACEBACK=1 for the traceback"
    )
    return ExitCode.FAILED


def _print_error(sentence: str) -> None:
    from routersvc.cli.views.terminal import print_error  # noqa: PLC0415 - rarely needed

    try:
        print_error(sentence)
    except BrokenPipeError:
        _discard_output()


def _code(end: SystemExit) -> int:
    return end.code if isinstance(end.code, int) else ExitCode.FAILED


def _discard_output() -> int:
    """Redirect the standard outputs to the null device, so that the last flush does not fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            os.dup2(nowhere, stream.fileno())
    return ExitCode.BROKEN_PIPE
