"""How the result tables are written."""

from __future__ import annotations

import datetime as dt
import pathlib
from collections.abc import Sequence

RESULTS = pathlib.Path(__file__).resolve().parent.parent / "results"


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


def today() -> str:
    """Return the day of a run."""
    return dt.datetime.now(dt.UTC).date().isoformat()
