"""Reads decision logs for the commands `explain`, `report` and `replay-decisions`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from routersvc.cli.exit_codes import CommandError, ExitCode, UsageProblemError
from routersvc.cli.views.figures import count_text
from routersvc.cli.views.terminal import Terminal
from routersvc.domain.explaining.recorded_decisions import DecisionRecord
from routersvc.grpc_api.client.messages import Explanation
from routersvc.grpc_api.outbound.logged_decisions import explanation_of_record
from routersvc.telemetry.decision_log.reading import UnreadableLine, read_records

SHOWN_LINES = 5
"""Unreadable lines that are shown; further ones are only counted."""


def records(
    paths: Iterable[Path], terminal: Terminal, *, containing: str = ""
) -> Iterator[DecisionRecord]:
    """Yield the records of decision logs; note unreadable lines on standard error at the end.

    Raises:
        UsageProblemError: a file cannot be read.
    """
    skipped = 0
    try:
        for record in read_records(paths, containing=containing):
            if isinstance(record, UnreadableLine):
                skipped += 1
                if skipped <= SHOWN_LINES:
                    terminal.note(f"skipped {record}")
            else:
                yield record
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise UsageProblemError(f"`{error.filename}` cannot be read: {reason}") from error
    if skipped > SHOWN_LINES:
        terminal.note(f"skipped {count_text(skipped, 'line')} in all")


def logged_explanation(decision_id: str, paths: Iterable[Path], terminal: Terminal) -> Explanation:
    """Return the explanation of a logged decision.

    Raises:
        UsageProblemError: a file cannot be read.
        CommandError: no file contains the decision.
    """
    for record in records(paths, terminal, containing=decision_id):
        if record.decision_id == decision_id:
            return explanation_of_record(record)
    raise CommandError(f"the decision log does not contain `{decision_id}`", ExitCode.REFUSED)
