"""The results of a drill as an SVG document with three panels over time."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from xml.sax.saxutils import escape

from routersvc.drills.figures.drill_columns import Column, columns_of
from routersvc.drills.figures.drill_figures import CallOutcome
from routersvc.drills.simulation.simulation import DrillResult

_COLUMNS = 240
_LEFT, _WIDTH, _RIGHT = 64, 720, 180
_TITLE, _PANEL, _GAP = 34, 130, 44
_COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
"""Colours that are safe for colour-blind readers (Okabe and Ito, 2008)."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _Curve:
    """One line of a panel: a value for each column."""

    name: str
    values: Sequence[float | None]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _Panel:
    """Curves on one axis, which starts at 0 or, if `logarithmic`, at the least value."""

    title: str
    curves: Sequence[_Curve]
    logarithmic: bool = False


def svg_plot(*results: DrillResult) -> str:
    """Return an SVG document that shows drills one below the other."""
    height_of_one = _TITLE + 3 * (_PANEL + _GAP)
    parts: list[str] = []
    for place, result in enumerate(results):
        parts += _drill(result, place * height_of_one)
    width, height = _LEFT + _WIDTH + _RIGHT, len(results) * height_of_one
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">\n'
        f'<rect width="{width}" height="{height}" fill="white"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _drill(result: DrillResult, top: float) -> Iterator[str]:
    columns = columns_of(result.figures.seconds, most=_COLUMNS)
    title = f"{result.plan.name}, seed {result.plan.seed}"
    yield _text(_LEFT, top + 20, title, size=15)
    for place, panel in enumerate(_panels(result, columns)):
        yield from _drawn(panel, result, columns, top + _TITLE + 16 + place * (_PANEL + _GAP))


def _panels(result: DrillResult, columns: Sequence[Column]) -> tuple[_Panel, ...]:
    def rates(of: Callable[[Column], int]) -> list[float]:
        return [of(column) / column.length for column in columns]

    outcomes = [outcome for outcome in CallOutcome if result.figures.outcomes[outcome]]
    return (
        _Panel(
            title="time to first content, s",
            curves=[
                _Curve(name="p95", values=[column.first_content_p95 for column in columns]),
                _Curve(name="p50", values=[column.first_content_p50 for column in columns]),
            ],
            logarithmic=True,
        ),
        _Panel(
            title="calls that ended, per second",
            curves=[_Curve(name=each.value, values=rates(_ended_with(each))) for each in outcomes],
        ),
        _Panel(
            title="attempts per second, and the faults",
            curves=[
                _Curve(name=each.name, values=rates(_attempts_on(each.name)))
                for each in result.plan.deployments
            ],
        ),
    )


def _drawn(
    panel: _Panel, result: DrillResult, columns: Sequence[Column], top: float
) -> Iterator[str]:
    seconds = max(1, sum(column.length for column in columns))
    known = [value for one in panel.curves for value in one.values if value is not None]
    known = [value for value in known if value > 0] or [1.0]
    high = max(known)
    low = min(*known, high / 2) if panel.logarithmic else 0.0

    def across(second: float) -> float:
        return _LEFT + _WIDTH * min(second, seconds) / seconds

    def down(value: float) -> float:
        share = value / high
        if panel.logarithmic:
            share = math.log(max(value, low) / low) / math.log(high / low)
        return top + _PANEL * (1 - share)

    yield _text(_LEFT, top - 6, panel.title)
    for fault in result.plan.faults:
        begin, end = across(fault.start), across(min(fault.end, seconds))
        label = escape(f"{fault.deployment}: {fault.kind.value}")
        yield (
            f'<rect x="{begin:.1f}" y="{top:.1f}" width="{end - begin:.1f}" height="{_PANEL}" '
            f'fill="#d55e00" opacity="0.12"><title>{label}</title></rect>'
        )
    yield (
        f'<rect x="{_LEFT}" y="{top:.1f}" width="{_WIDTH}" height="{_PANEL}" fill="none" '
        'stroke="#999"/>'
    )
    yield _text(_LEFT - 6, top + 10, f"{high:.3g}", anchor="end")
    yield _text(_LEFT - 6, top + _PANEL, f"{low:.3g}", anchor="end")
    yield _text(_LEFT, top + _PANEL + 14, "0 s")
    yield _text(_LEFT + _WIDTH, top + _PANEL + 14, f"{seconds} s", anchor="end")
    for place, one in enumerate(panel.curves):
        color = _COLORS[place % len(_COLORS)]
        points = [
            (across(column.start + column.length / 2), down(value))
            for column, value in zip(columns, one.values, strict=True)
            if value is not None
        ]
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        yield f'<polyline points="{drawn}" fill="none" stroke="{color}" stroke-width="1.5"/>'
        yield _text(_LEFT + _WIDTH + 10, top + 12 + 16 * place, one.name, color=color)


def _text(
    x: float, y: float, text: str, *, size: int = 12, anchor: str = "start", color: str = "#333"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
        f'fill="{color}">{escape(text)}</text>'
    )


def _ended_with(outcome: CallOutcome) -> Callable[[Column], int]:
    return lambda column: column.outcomes[outcome]


def _attempts_on(name: str) -> Callable[[Column], int]:
    return lambda column: column.attempts[name]
