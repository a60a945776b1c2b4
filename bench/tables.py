"""How the result tables are written."""

from __future__ import annotations

import datetime as dt
import pathlib
from collections.abc import Sequence

RESULTS = pathlib.Path(__file__).resolve().parent / "results"


def milliseconds(seconds: float | None) -> str:
    """Return a time for a table."""
    return "–" if seconds is None else f"{seconds * 1000:,.1f} ms"


def percent(share: float) -> str:
    """Return a share for a table."""
    return f"{share * 100:.2f} %"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; the first column is text, the others are figures."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table whose columns line up in plain text too."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]

    def line(row: Sequence[str]) -> str:
        cells = [
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        return f"| {' | '.join(cells)} |"

    rule = [
        "-" * width if place == 0 else "-" * (width - 1) + ":" for place, width in enumerate(widths)
    ]
    return "\n".join((line(rows[0]), line(rule), *map(line, rows[1:])))


def today() -> str:
    """Return the day of a run."""
    return dt.datetime.now(dt.UTC).date().isoformat()
