"""The table of cases and languages."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping, Sequence

from clients.conformance.runner.cases import Case


class Mark(enum.Enum):
    """How a case went in a language."""

    PASSED = "ok"
    FAILED = "FAIL"
    WAITING = "wait"
    NOT_APPLICABLE = "n/a"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """How a case went in a language, and what to know about it."""

    mark: Mark
    words: tuple[str, ...] = ()


Columns = Mapping[str, Mapping[str, Cell]]
"""By language, then by case."""


def rendered(cases: Sequence[Case], columns: Columns) -> str:
    """Return the table, what failed below it."""
    width = max(len(case.name) for case in cases)
    lines = [f"{'':{width}}  {'  '.join(columns)}"]
    for case in cases:
        marks = [f"{cells[case.name].mark.value:{len(name)}}" for name, cells in columns.items()]
        lines.append(f"{case.name:{width}}  {'  '.join(marks)}".rstrip())
    lines.append("")
    for name, cells in columns.items():
        counted = dict.fromkeys(Mark, 0)
        for cell in cells.values():
            counted[cell.mark] += 1
        counts = ", ".join(f"{count} {mark.value}" for mark, count in counted.items() if count)
        lines.append(f"{name}: {counts}")
    for mark in (Mark.FAILED, Mark.WAITING):
        for name, cells in columns.items():
            alike: dict[tuple[str, ...], list[str]] = {}
            for case_name, cell in cells.items():
                if cell.mark is mark:
                    alike.setdefault(cell.words, []).append(case_name)
            for words, names in alike.items():
                lines.append(f"\n{mark.value} {name}: {', '.join(names)}")
                lines += [f"  {each}" for each in words]
    return "\n".join(lines)


def has_failed(columns: Columns) -> bool:
    """Return whether any cell has."""
    return any(cell.mark is Mark.FAILED for cells in columns.values() for cell in cells.values())
