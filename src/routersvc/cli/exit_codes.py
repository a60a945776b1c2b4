"""How a command ends: its exit code, and the one sentence that says why."""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    """What an exit code means. Scripts rely on it: a number never changes its meaning."""

    OK = 0
    FAILED = 1
    """It did not work, for a reason that has no number of its own."""
    USAGE = 2
    """The command line, or a file it names, is wrong. Nothing was done."""
    CONFIGURATION = 3
    """A settings file cannot be used."""
    NOT_CONNECTED = 4
    """No router could be heard at the address."""
    REFUSED = 5
    """The router refused the request: it must be changed before another try."""
    UNAVAILABLE = 6
    """The router has no answer now: the same request may succeed later."""
    DEADLINE = 7
    """The time was up before the answer was complete."""
    NOT_ALLOWED = 8
    """The caller is not known, or may not do this."""
    INTERRUPTED = 130
    """Ctrl-C, as shells count it: 128 + SIGINT."""
    BROKEN_PIPE = 141
    """Whoever read the output went away, as shells count it: 128 + SIGPIPE."""


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
    """A command cannot go on; the sentence is for its user."""

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class UsageProblemError(CommandError):
    """What the user gave cannot be used."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ExitCode.USAGE)
