"""Timelines of attempts in characters: of a plan, and of a past request.

One row for each attempt, from left to right on one scale of time that starts with the request.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from routersvc.cli.views.figures import count_text, time_text
from routersvc.grpc_api.client.messages import (
    Attempt,
    Explanation,
    Plan,
    PlanStep,
    RouteReport,
    seconds_of,
    word_of,
)

WAITS = "░"
SPEAKS = "█"
EXPECTED = "━"
PERHAPS = "┄"
_ENDS = {"served": ("✓", "green"), "failed": ("✗", "red"), "broken": ("✗", "red")}
_CUT = ("│", "dim")
"""The end of an attempt that lost the race or was cancelled."""

LEGEND = f"{WAITS} waits for first words  {SPEAKS} words come  ✓ served  ✗ failed  │ cut off"

_LONGEST_NAME = 24
_LONGEST_NOTE = 38
_SHORTEST_PICTURE = 12
_GAP = 2
_SECOND = 2
_TICK = 9
"""Minimum distance between two labels of the scale, in cells."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _Stroke:
    """A line from one time to another, in seconds; drawn at least one cell long."""

    mark: str
    start: float
    end: float
    style: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    """One attempt: its strokes in the order in which they are drawn, and what ends it."""

    name: str
    note: str
    strokes: tuple[_Stroke, ...] = ()
    end: tuple[float, str, str] | None = None


def plan_timeline(explanation: Explanation, width: int) -> list[Text]:
    """Return the timeline of a plan, `width` cells wide; empty if it has no steps.

    An attempt is drawn for as long as its first content may take. A failover may start at any time.
    A deployment that cannot be called now is drawn from the end of its wait on.
    """
    timeout = _seconds(explanation.plan, "timeout")
    rows = list(_planned(explanation, timeout))
    if not rows or timeout <= 0:
        return []
    known = [row.strokes[0].start if row.end is None else row.end[0] for row in rows if row.strokes]
    until = min(timeout, 1.25 * max(known, default=0.0)) or timeout
    deadline = (timeout, "┃" if timeout <= until else "→", "bold")
    rows.append(_Row(name="deadline", note=time_text(timeout), end=deadline))
    return _drawn(rows, until, width)


def report_timeline(report: RouteReport, width: int) -> list[Text]:
    """Return the timeline of past attempts, `width` cells wide; empty if there are none."""
    duration = seconds_of(report, "duration")
    ends = [
        _seconds(one, "start_delay") + _seconds(one, "duration", "time_to_first_content")
        for one in report.attempts
    ]
    until = max([duration or 0.0, *ends])
    if not ends or until <= 0:
        return []
    return [
        *_drawn([_run(one, until) for one in report.attempts], until, width),
        Text(LEGEND, style="dim"),
    ]


def _planned(explanation: Explanation, timeout: float) -> Iterator[_Row]:
    plan = explanation.plan
    limit = _seconds(plan, "first_content_timeout")
    hedge = seconds_of(plan, "hedge_delay")
    obstacles = {
        candidate.deployment.deployment: word_of(candidate.obstacle, "reason")
        for candidate in explanation.candidates
        if candidate.HasField("obstacle")
    }
    free = 0
    for step in plan.steps:
        name = step.deployment.deployment
        wait = seconds_of(step, "not_before_delay")
        if wait is not None or name in obstacles:
            until = "not now" if wait is None else f"not for {time_text(wait)}"
            why = f" ({obstacles[name]})" if obstacles.get(name) else ""
            yield _perhaps(name, until + why, 0.0 if wait is None else wait, timeout)
            continue
        free += 1
        if free > plan.max_attempts:
            yield _Row(name=name, note=f"beyond {count_text(plan.max_attempts, 'attempt')}")
        elif free == 1:
            yield _expected(name, "first", 0.0, limit)
        elif free == _SECOND and hedge is not None:
            yield _expected(name, f"hedge after {time_text(hedge)}", hedge, limit)
        else:
            yield _perhaps(name, "when those before fail", 0.0, timeout)


def _expected(name: str, note: str, start: float, limit: float) -> _Row:
    stroke = _Stroke(mark=EXPECTED, start=start, end=start + limit, style="green")
    return _Row(name=name, note=note, strokes=(stroke,), end=(start + limit, "┫", "green"))


def _perhaps(name: str, note: str, start: float, end: float) -> _Row:
    return _Row(
        name=name,
        note=note,
        strokes=(_Stroke(mark=PERHAPS, start=start, end=end, style="dim"),),
    )


def _run(attempt: Attempt, until: float) -> _Row:
    start = _seconds(attempt, "start_delay")
    first = seconds_of(attempt, "time_to_first_content")
    duration = seconds_of(attempt, "duration")
    end = until if duration is None else start + duration
    spoke = end if first is None else start + first
    outcome = word_of(attempt, "outcome") or "still runs"
    strokes = [_Stroke(mark=WAITS, start=start, end=spoke, style="yellow")]
    if first is not None:
        strokes.append(_Stroke(mark=SPEAKS, start=spoke, end=end, style="green"))
    mark, style = _ENDS.get(outcome, _CUT)
    failure = word_of(attempt, "failure_class")
    reason = word_of(attempt, "reason")
    return _Row(
        name=attempt.deployment.deployment,
        note=": ".join(part for part in (reason, outcome) if part)
        + (f" ({failure})" if failure else ""),
        strokes=tuple(strokes),
        end=None if duration is None else (end, mark, style),
    )


def _drawn(rows: Sequence[_Row], until: float, width: int) -> list[Text]:
    """Return the scale and the rows, at most `width` cells wide if possible."""
    names = min(_LONGEST_NAME, max(cell_len(row.name) for row in rows))
    notes = min(_LONGEST_NOTE, max(cell_len(row.note) for row in rows))
    cells = max(_SHORTEST_PICTURE, width - names - notes - 2 * _GAP)
    scale = Text(" " * (names + _GAP) + _scale(until, cells).rstrip(), style="dim")
    lines = [scale]
    for row in rows:
        line = Text(_fitted(row.name, names) + " " * _GAP)
        line.append(_picture(row, until, cells))
        line.append(" " * _GAP + _fitted(row.note, notes))
        line.rstrip()
        lines.append(line)
    return lines


def _picture(row: _Row, until: float, cells: int) -> Text:
    marks: list[tuple[str, str]] = [(" ", "")] * cells

    def cell(time: float) -> int:
        return min(cells - 1, max(0, round(time / until * (cells - 1))))

    for stroke in row.strokes:
        if stroke.start <= until:
            for place in range(cell(stroke.start), cell(stroke.end) + 1):
                marks[place] = (stroke.mark, stroke.style)
    if row.end is not None:
        time, mark, style = row.end
        if time <= until * (1 + 1e-9) or mark == "→":
            marks[cell(time)] = (mark, style)
    return Text.assemble(*marks)


def _scale(until: float, cells: int) -> str:
    """Return the labels of the scale, each at its time."""
    least = until * _TICK / max(1, cells - 1)
    power = 10.0 ** math.floor(math.log10(least))
    step = next(power * factor for factor in (1, 2, 5, 10, 20) if power * factor >= least)
    text = ""
    for number in range(math.floor(until / step) + 1):
        place = round(number * step / until * (cells - 1))
        label = time_text(number * step) if number else "0"
        if place + cell_len(label) <= cells:
            text = text.ljust(place) + label
    return text


def _fitted(text: str, cells: int) -> str:
    """Return a text padded or shortened to exactly that many cells."""
    return set_cell_size(text, cells) if cell_len(text) <= cells else text[: cells - 1] + "…"


def _seconds(message: Attempt | Plan | PlanStep, *fields: str) -> float:
    """Return the first of the fields that is set, in seconds; 0 if none is."""
    return next(
        (found for field in fields if (found := seconds_of(message, field)) is not None), 0.0
    )
