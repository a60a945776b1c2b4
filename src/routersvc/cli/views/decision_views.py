"""Prints what was summed up of decision logs, and what other settings would change."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence

from rich.console import Console, ConsoleOptions
from rich.table import Table
from rich.text import Text

from routersvc.cli.views.figures import money_text, share_text, time_text
from routersvc.telemetry.decision_log.dimensions import Dimension
from routersvc.telemetry.decision_log.totals import DecisionTotals

Groups = Mapping[tuple[str, ...], DecisionTotals]

_TIMES = ("duration_p50", "duration_p95", "time_to_first_content_p95")
_TITLES = (
    "calls",
    "served",
    "failovers",
    "hedges",
    "won",
    "tokens",
    "cost",
    "wasted",
    "p50",
    "p95",
    "first p95",
)
_WIDEST = 10_000
"""Characters; wider than any table."""

_LEAST_NEEDED = ("won", "first p95", "tokens", "p50", "hedges", "wasted", "failovers", "served")
"""Columns that are left out where the terminal is too narrow, in this order."""


def totals_table(
    groups: Groups, total: DecisionTotals, by: Sequence[Dimension], *, without: Collection[str] = ()
) -> Table:
    """Return one row for each group, and the total below them if there are several.

    Tokens are those of the prompts and those of the answers. `--json` and `--csv` have more.
    """
    titles = [title for title in _TITLES if title not in without]
    table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="dim")
    for dimension in by:
        table.add_column(dimension.value, overflow="fold")
    for title in titles:
        table.add_column(title, justify="right", no_wrap=True)
    for key, totals in groups.items():
        cells = _cells(totals)
        table.add_row(*(Text(value or "–") for value in key), *(cells[title] for title in titles))
    if len(groups) != 1:
        labels = ["all", *[""] * (len(by) - 1)] if by else []
        cells = _cells(total)
        table.add_row(*labels, *(cells[title] for title in titles), style="bold")
    return table


def _cells(totals: DecisionTotals) -> dict[str, str]:
    figures = totals.figures()
    times = [time_text(figures[f"{name}_seconds"]) for name in _TIMES]
    cells = (
        f"{totals.calls:,}",
        share_text(totals.served / totals.calls) if totals.calls else "–",
        f"{totals.failovers:,}",
        f"{totals.hedges:,}",
        f"{totals.hedges_won:,}",
        f"{totals.input_tokens:,}+{totals.output_tokens:,}",
        money_text(totals.cost_usd),
        money_text(totals.wasted_usd),
        *times,
    )
    return dict(zip(_TITLES, cells, strict=True))


def print_totals(
    console: Console, groups: Groups, total: DecisionTotals, by: Sequence[Dimension]
) -> None:
    """Print the table of totals, without its least needed columns where they do not fit."""
    table = totals_table(groups, total, by)
    for count in range(1, len(_LEAST_NEEDED) + 1):
        if console.measure(table, options=_unbounded(console)).maximum <= console.width:
            break
        table = totals_table(groups, total, by, without=_LEAST_NEEDED[:count])
    console.print(table)


def _unbounded(console: Console) -> ConsoleOptions:
    """Return options without a width, by which the whole width of a table is measured."""
    return console.options.update(width=_WIDEST)


def totals_csv(groups: Groups, by: Sequence[Dimension]) -> str:
    """Return the groups as CSV (RFC 4180) with a header; amounts and times are not rounded."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*(dimension.value for dimension in by), *DecisionTotals().figures()])
    for key, totals in groups.items():
        values = totals.figures().values()
        writer.writerow([*key, *("" if value is None else value for value in values)])
    return out.getvalue()


def totals_entries(
    groups: Groups, total: DecisionTotals, by: Sequence[Dimension]
) -> dict[str, object]:
    """Return the groups and the total as a JSON object."""
    names = [dimension.value for dimension in by]
    return {
        "rows": [
            dict(zip(names, key, strict=True)) | totals.figures() for key, totals in groups.items()
        ],
        "total": total.figures(),
    }
