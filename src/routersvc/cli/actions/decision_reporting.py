"""The command `report`: sums of decision logs."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from pathlib import Path

from routersvc.cli.actions.decision_logs import records
from routersvc.cli.views.decision_views import print_totals, totals_csv, totals_entries
from routersvc.cli.views.terminal import Terminal
from routersvc.telemetry.decision_log.dimensions import Dimension
from routersvc.telemetry.decision_log.totals import totals_of


class ReportFormat(enum.Enum):
    """How a report is printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def report(files: Sequence[Path], by: Sequence[Dimension], form: ReportFormat) -> None:
    """Print the sums of decision logs, by group.

    Raises:
        UsageProblemError: a file cannot be read.
    """
    terminal = Terminal.of_process()
    dimensions = tuple(dict.fromkeys(by))
    groups, total = totals_of(records(files, terminal), dimensions)
    match form:
        case ReportFormat.TABLE:
            print_totals(terminal.out, groups, total, dimensions)
        case ReportFormat.CSV:
            terminal.write(totals_csv(groups, dimensions))
        case ReportFormat.JSON:
            terminal.write_json(totals_entries(groups, total, dimensions))
