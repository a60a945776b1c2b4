"""The results of a drill in a terminal: tables of figures and a plot over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from routersvc.domain.outcomes.attempt_reports import AttemptReason
from routersvc.drills.figures.drill_columns import Column, columns_of
from routersvc.drills.figures.drill_figures import CallOutcome, DrillFigures, quantile
from routersvc.drills.rendering.braille_charts import BLANK, curve, merged
from routersvc.drills.simulation.simulation import DrillResult

WIDTH = 60
"""The width of the plot in columns, each of at least one second."""

QUANTILES = (0.5, 0.95, 0.99, 0.999)

_WORST_WINDOW = 10
_BLOCKS = "▁▂▃▄▅▆▇█"
_NOTHING = "·"
_CHART_HEIGHT = 6
_LEAST_SPAN = 1.1
"""The least ratio between the ends of the axis."""
_UPPER_STYLE = "yellow"
_LOWER_STYLE = "cyan"


def render(result: DrillResult, *, width: int = WIDTH) -> RenderableType:
    """Return the results of drills as renderables for a rich console.

    Raises:
        ValueError: `width` is below one column.
    """
    if width < 1:
        raise ValueError(f"`width` must be at least 1 column, not {width}")
    parts: list[RenderableType] = [
        Text(f"{result.plan.name}, seed {result.plan.seed}", style="bold"),
        totals_table(("count", result.figures)),
        Text(),
        _plot(result, width),
        Text(),
        _deployments(result),
    ]
    parts += [Text(str(violation), style="red") for violation in result.violations]
    return Group(*parts)


def sparkline(values: Sequence[float | None], *, greatest: float) -> str:
    """Return one character per value: a block relative to `greatest`, or a dot for `None`."""
    return "".join(
        _NOTHING
        if value is None
        else _BLOCKS[min(len(_BLOCKS) - 1, int(value / greatest * len(_BLOCKS)))]
        if greatest > 0
        else _BLOCKS[0]
        for value in values
    )


def totals_table(*drills: tuple[str, DrillFigures]) -> Table:
    """Return the table of totals, with one column for each drill."""
    table = _table("calls", *(title for title, _ in drills))
    all_figures = [figures for _, figures in drills]
    for outcome in CallOutcome:
        counts = [figures.outcomes[outcome] for figures in all_figures]
        if any(counts) or outcome is CallOutcome.COMPLETED:
            table.add_row(outcome.value, *_counted(counts, all_figures))
    for reason in AttemptReason:
        counts = [figures.reasons[reason] for figures in all_figures]
        if reason is not AttemptReason.FIRST and any(counts):
            table.add_row(f"extra: {reason.value}", *_counted(counts, all_figures))
    worst = (_share(figures.worst_extra(window=_WORST_WINDOW)) for figures in all_figures)
    table.add_row(f"extra, worst {_WORST_WINDOW} s", *worst)
    for name, of_drills in (
        ("first content", [figures.first_contents for figures in all_figures]),
        ("duration", [figures.durations for figures in all_figures]),
    ):
        for share in QUANTILES:
            title = f"{name} p{share * 100:g}"
            table.add_row(title, *(_seconds(quantile(values, share)) for values in of_drills))
    return table


def _plot(result: DrillResult, width: int) -> RenderableType:
    columns = columns_of(result.figures.seconds, most=width)
    step = columns[0].length if columns else 1
    table = _table(f"{step} s a column", "over time", "range")
    for line in _chart(columns):
        table.add_row(*line)
    completed = [column.completed_share for column in columns]
    extra = [column.extra_share for column in columns]
    table.add_row("completed", sparkline(completed, greatest=1.0), "0–100 %")
    most = max((share for share in extra if share is not None), default=0.0)
    table.add_row("extra attempts", sparkline(extra, greatest=most), f"0–{most * 100:.1f} %")
    for deployment in result.plan.deployments:
        name = deployment.name
        shares = [column.share_of(name) for column in columns]
        table.add_row(f"share of {name}", sparkline(shares, greatest=1.0), "0–100 %")
        failures = [column.failures[name] / column.length or None for column in columns]
        worst = max((each for each in failures if each), default=0.0)
        if worst:
            table.add_row("  failures", sparkline(failures, greatest=worst), f"0–{worst:.1f} a s")
        marks = _fault_marks(result, name, columns)
        if marks.strip():
            table.add_row("  its faults", Text(marks, style="red"), "")
    return table


def _chart(columns: Sequence[Column]) -> Iterator[tuple[str, Text, str]]:
    """Yield the lines of two curves on one logarithmic axis: name, dots, end of the axis."""
    curves = (
        [column.first_content_p95 for column in columns],
        [column.first_content_p50 for column in columns],
    )
    known = [value for values in curves for value in values if value]
    if not known:
        return
    low = min(known)
    high = max(*known, low * _LEAST_SPAN)
    drawn = [
        # A character is two dots wide and stands for one column.
        curve(
            [value for value in values for _ in range(2)], low=low, high=high, height=_CHART_HEIGHT
        )
        for values in curves
    ]
    names = ("first content p95", "  and p50")
    ends = {0: _seconds(high), _CHART_HEIGHT - 1: _seconds(low)}
    for line, (upper, lower) in enumerate(zip(*drawn, strict=True)):
        text = Text()
        for above, below in zip(upper, lower, strict=True):
            text.append(
                merged(above, below), style=_UPPER_STYLE if above != BLANK else _LOWER_STYLE
            )
        yield (names[line] if line < len(names) else "", text, ends.get(line, ""))


def _deployments(result: DrillResult) -> Table:
    table = _table("deployment", "attempts", "share", "served", "breaker opened", "failures")
    figures = result.figures
    for health in result.health:
        name = health.deployment.name
        failures = ", ".join(
            f"{failure_class.value} {count:,}"
            for failure_class, count in sorted(
                health.failures_total.items(), key=lambda item: item[0].value
            )
        )
        attempts = figures.attempts[name]
        table.add_row(
            name,
            f"{attempts:,}",
            _percent(attempts, figures.attempts.total()),
            f"{figures.served[name]:,}",
            f"{health.breaker.opened_total:,}",
            failures or "none",
        )
    return table


def _fault_marks(result: DrillResult, name: str, columns: Sequence[Column]) -> str:
    """Return the first letter of the fault for each column in which one is active."""
    marks = [" "] * len(columns)
    for fault in result.plan.faults:
        if fault.deployment == name:
            for place, column in enumerate(columns):
                if fault.start < column.start + column.length and fault.end > column.start:
                    marks[place] = fault.kind.value[0]
    return "".join(marks)


def _table(*heads: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for head in heads:
        table.add_column(head, overflow="fold")
    return table


def _counted(counts: Sequence[int], all_figures: Sequence[DrillFigures]) -> Iterator[str]:
    for count, figures in zip(counts, all_figures, strict=True):
        yield f"{count:,}  {_percent(count, figures.calls)}"


def _percent(part: int, whole: int) -> str:
    return _share(part / whole) if whole else "–"


def _share(share: float) -> str:
    return f"{share * 100:.2f} %"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f} s"
