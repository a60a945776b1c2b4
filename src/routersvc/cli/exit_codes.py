"""Exit codes, and the exceptions that end a command with one."""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    """The exit codes. Scripts rely on them: a number never changes its meaning."""

    OK = 0
    FAILED = 1
    """An error without an exit code of its own."""
    USAGE = 2
    """The command line, or a file that it names, is invalid. Nothing was done."""
    CONFIGURATION = 3
    """A settings file cannot be used."""
    NOT_CONNECTED = 4
    """No connection to a router at the address."""
    REFUSED = 5
    """The router refused the request: it must be changed before a retry."""
    UNAVAILABLE = 6
    """The router is unavailable: the same request may succeed later."""
    DEADLINE = 7
    """The deadline passed before the answer was complete."""
    NOT_ALLOWED = 8
    """The caller is not authenticated, or not permitted."""
    INTERRUPTED = 130
    """Ctrl-C, as shells count it: 128 + SIGINT."""
    BROKEN_PIPE = 141
    """The reader of the output closed the pipe, as shells count it: 128 + SIGPIPE."""


STATUS_EXITS: dict[str, ExitCode] = {
    "INVALID_ARGUMENT": ExitCode.REFUSED,
    "FAILED_PRECONDITION": ExitCode.REFUSED,
    "OUT_OF_RANGE": ExitCode.REFUSED,
    "NOT_FOUND": ExitCode.REFUSED,
    "ALREADY_EXISTS": ExitCode.REFUSED,
    "UNIMPLEMENTED": ExitCode.REFUSED,
    "UNAVAILABLE": ExitCode.UNAVAILABLE,
    "RESOURCE_EXHAUSTED": ExitCode.UNAVAILABLE,
    "ABORTED": ExitCode.UNAVAILABLE,
    "DEADLINE_EXCEEDED": ExitCode.DEADLINE,
    "UNAUTHENTICATED": ExitCode.NOT_ALLOWED,
    "PERMISSION_DENIED": ExitCode.NOT_ALLOWED,
}
"""gRPC statuses by family; the others are `FAILED`."""


class CommandError(Exception):
    """A command failed; the message is for its user."""

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class UsageProblemError(CommandError):
    """The command line, or a file that it names, is invalid."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ExitCode.USAGE)
