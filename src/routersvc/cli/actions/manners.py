"""How a command calls a router, and how it tells that a call failed."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Generator

from routersvc.cli.exits import STATUS_EXITS, CommandError, ExitCode
from routersvc.cli.views.figures import time_text
from routersvc.cli.views.report_views import attempts_text
from routersvc.cli.views.terminal import Terminal
from routersvc.domain.catalogue.secrets import Secret
from routersvc.grpc_api.client.client import CallError, NotConnectedError, RouterClient
from routersvc.grpc_api.client.messages import Message, to_json


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Manner:
    """What the options say about calling and printing; `timeout` is in seconds.

    `api_key` is what the router knows the caller by, `None` to send none.
    """

    address: str
    timeout: float
    api_key: Secret | None = None
    as_json: bool = False
    quiet: bool = False
    print_request: bool = False

    def client(self) -> RouterClient:
        """Return a client of the router."""
        return RouterClient(
            self.address,
            timeout=self.timeout,
            api_key=None if self.api_key is None else self.api_key.reveal(),
        )


def is_only_printed(request: Message, manner: Manner, terminal: Terminal) -> bool:
    """Print the request instead of sending it, where that is wanted; return whether it was."""
    if manner.print_request:
        terminal.write_json(to_json(request, sparse=True))
    return manner.print_request


@contextlib.contextmanager
def failures_told(terminal: Terminal, *, as_json: bool) -> Generator[None]:
    """Turn a failed call into a sentence and an exit code, and into JSON for programs.

    Raises:
        CommandError: the call failed.
    """
    try:
        yield
    except CallError as error:
        if as_json:
            terminal.write_json({"error": error_entries(error)})
        raise CommandError(sentence_of(error), exit_code_of(error)) from error


def exit_code_of(error: CallError) -> ExitCode:
    """Return the exit code for a failed call."""
    if isinstance(error, NotConnectedError):
        return ExitCode.NOT_CONNECTED
    return STATUS_EXITS.get(error.status, ExitCode.FAILED)


def sentence_of(error: CallError) -> str:
    """Return what went wrong, what was tried, and when to try again."""
    parts = [error.message]
    parts += [
        f"`{violation.field}`: {violation.description}"
        for violation in error.violations
        # What is allowed comes last, and a router's own message often says it already.
        if violation.description.rpartition(": ")[2] not in error.message
    ]
    if error.report is not None and error.report.attempts:
        parts.append(attempts_text(error.report))
    if error.retry_delay is not None:
        parts.append(f"try again in {time_text(error.retry_delay)}")
    return "; ".join(parts)


def error_entries(error: CallError) -> dict[str, object]:
    """Return a failed call as JSON's types; all keys are always there."""
    return {
        "status": error.status,
        "reason": error.reason,
        "message": error.message,
        "violations": [
            {"field": violation.field, "description": violation.description}
            for violation in error.violations
        ],
        "retry_delay_seconds": error.retry_delay,
        "report": None if error.report is None else to_json(error.report),
    }
