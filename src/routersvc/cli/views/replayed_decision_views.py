"""Prints what other settings would change of logged decisions."""

from __future__ import annotations

import collections
import dataclasses

from rich.console import Console
from rich.table import Table
from rich.text import Text

from routersvc.cli.views.figures import count_text, money_text
from routersvc.domain.explaining.replayed_decisions import ReplayChange, ReplayedDecision

_WORDS = {
    ReplayChange.NONE: "no change",
    ReplayChange.FIRST_CHOICE: "another first choice",
    ReplayChange.ORDER: "the same first choice, others behind it",
    ReplayChange.RULES: "the same order by other rules",
    ReplayChange.NOT_PLANNED: "nothing may serve it any more",
    ReplayChange.PLANNED: "something may serve it now",
    ReplayChange.UNKNOWN: "unknown",
}
_SHOWN = 20
"""Kinds of changes that are printed, the most frequent first; `--json` has all."""


@dataclasses.dataclass(slots=True)
class _Changes:
    """Decisions that change in the same way. `example` is the id of one of them."""

    example: str
    count: int = 0
    cost_before: float = 0.0
    cost_after: float = 0.0


class ReplaySummary:
    """Counts replayed decisions by what changes."""

    def __init__(self) -> None:
        self._kinds: collections.Counter[ReplayChange] = collections.Counter()
        self._changes: dict[tuple[ReplayChange, str, str, str], _Changes] = {}
        self._cost_before = 0.0
        self._cost_after = 0.0

    def add(self, decision: ReplayedDecision) -> None:
        """Count a decision. Costs are compared where both are known."""
        change = decision.change
        self._kinds[change] += 1
        before, after = decision.cost_before, decision.cost_after
        if before is not None and after is not None:
            self._cost_before += before
            self._cost_after += after
        if change is ReplayChange.NONE:
            return
        key = (change, decision.before, decision.after, decision.reason)
        changes = self._changes.setdefault(key, _Changes(decision.decision_id))
        changes.count += 1
        changes.cost_before += before or 0.0
        changes.cost_after += after or 0.0

    def entries(self) -> dict[str, object]:
        """Return the summary as a JSON object; all keys are always present."""
        return {
            "decisions": self._kinds.total(),
            "kinds": {change.value: self._kinds[change] for change in ReplayChange},
            "expected_cost_usd": {"before": self._cost_before, "after": self._cost_after},
            "changes": [
                {
                    "change": change.value,
                    "before": before or None,
                    "after": after or None,
                    "reason": reason,
                    "decisions": changes.count,
                    "expected_cost_usd": {
                        "before": changes.cost_before,
                        "after": changes.cost_after,
                    },
                    "example": changes.example,
                }
                for (change, before, after, reason), changes in self._most_frequent()
            ],
        }

    def lines(self) -> list[str]:
        """Return how many decisions change, by kind, and what that costs."""
        lines = [
            f"{count_text(self._kinds[change], 'decision')}: {words}"
            for change, words in _WORDS.items()
            if self._kinds[change]
        ]
        if self._cost_before or self._cost_after:
            before, after = money_text(self._cost_before), money_text(self._cost_after)
            lines.append(f"expected cost of the first choices: {before} then, {after} now")
        return lines or ["the log contains no decision"]

    def table(self) -> Table:
        """Return the changes, the most frequent first."""
        table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="dim")
        table.add_column("decisions", justify="right", no_wrap=True)
        table.add_column("then", overflow="fold")
        table.add_column("now", overflow="fold")
        table.add_column("cost then", justify="right", no_wrap=True)
        table.add_column("now", justify="right", no_wrap=True)
        table.add_column("for example", overflow="fold")
        table.add_column("why", overflow="fold")
        for (change, before, after, reason), changes in self._most_frequent()[:_SHOWN]:
            table.add_row(
                f"{changes.count:,}",
                Text(before or "–"),
                Text(after or "–"),
                money_text(changes.cost_before),
                money_text(changes.cost_after),
                Text(changes.example or "–", style="dim"),
                Text(reason or _WORDS[change]),
            )
        return table

    def _most_frequent(self) -> list[tuple[tuple[ReplayChange, str, str, str], _Changes]]:
        return sorted(
            self._changes.items(), key=lambda item: (-item[1].count, item[0][0].value, item[0][1:])
        )


def print_summary(console: Console, summary: ReplaySummary) -> None:
    """Print how many decisions change, and which changes are the most frequent."""
    for line in summary.lines():
        console.print(Text(line))
    table = summary.table()
    if table.row_count:
        console.print()
        console.print(table)
