"""A drill as people read it in a terminal: a table of figures, and rows that run over its time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from routersvc.domain.reports import AttemptReason
from routersvc.drills.drill_figures import CallOutcome, DrillFigures, Second, quantile
from routersvc.drills.simulation import DrillResult

WIDTH = 60
"""Columns of the plot; each stands for an equal part of the drill, a second at least."""

_BLOCKS = "▁▂▃▄▅▆▇█"
_NOTHING = "·"
_QUANTILES = (0.5, 0.95, 0.99, 0.999)


def render(result: DrillResult, *, width: int = WIDTH) -> RenderableType:
    """Return what came of a drill, for a rich console.

    Raises:
        ValueError: `width` is below one column.
    """
    if width < 1:
        raise ValueError(f"`width` must be at least 1 column, not {width}")
    parts: list[RenderableType] = [
        Text(f"{result.plan.name}, seed {result.plan.seed}", style="bold"),
        _totals(result.figures),
        Text(),
        _plot(result, width),
        Text(),
        _deployments(result),
    ]
    parts += [Text(str(violation), style="red") for violation in result.violations]
    return Group(*parts)


def sparkline(values: Sequence[float | None], *, greatest: float) -> str:
    """Return one character per value: a block up to `greatest`, a dot where there is none."""
    return "".join(
        _NOTHING
        if value is None
        else _BLOCKS[min(len(_BLOCKS) - 1, int(value / greatest * len(_BLOCKS)))]
        if greatest > 0
        else _BLOCKS[0]
        for value in values
    )


def _totals(figures: DrillFigures) -> Table:
    table = _table("calls", "count", "share")
    for outcome in CallOutcome:
        count = figures.outcomes[outcome]
        if count or outcome is CallOutcome.COMPLETED:
            table.add_row(outcome.value, f"{count:,}", _percent(count, figures.calls))
    for reason in AttemptReason:
        if reason is not AttemptReason.FIRST and figures.reasons[reason]:
            count = figures.reasons[reason]
            table.add_row(f"extra: {reason.value}", f"{count:,}", _percent(count, figures.calls))
    for name, values in (
        ("first content", figures.first_contents),
        ("duration", figures.durations),
    ):
        told = "  ".join(
            f"p{share * 100:g} {_seconds(quantile(values, share))}" for share in _QUANTILES
        )
        table.add_row(name, told, "")
    return table


def _plot(result: DrillResult, width: int) -> Table:
    seconds = result.figures.seconds
    step = max(1, -(-len(seconds) // width))
    columns = [seconds[at : at + step] for at in range(0, len(seconds), step)]
    table = _table(f"{step} s a column", "over time", "range")
    completed = [_share(column, _completed, _ended) for column in columns]
    extra = [_share(column, _extra, _arrived) for column in columns]
    table.add_row("completed", sparkline(completed, greatest=1.0), "0–100 %")
    most = max((share for share in extra if share is not None), default=0.0)
    table.add_row("extra attempts", sparkline(extra, greatest=most), f"0–{most * 100:.1f} %")
    for deployment in result.plan.deployments:
        shares = [_share(column, _attempts_on(deployment.name), _attempts) for column in columns]
        table.add_row(f"share of {deployment.name}", sparkline(shares, greatest=1.0), "0–100 %")
        marks = _fault_marks(result, deployment.name, step, len(columns))
        if marks.strip():
            table.add_row("  its faults", Text(marks, style="red"), "")
    return table


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


def _fault_marks(result: DrillResult, name: str, step: int, columns: int) -> str:
    """Return a letter for each column in which a fault is there: the first of its kind."""
    marks = [" "] * columns
    for fault in result.plan.faults:
        if fault.deployment == name:
            for column in range(columns):
                if fault.start < (column + 1) * step and fault.end > column * step:
                    marks[column] = fault.kind.value[0]
    return "".join(marks)


def _table(*heads: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for head in heads:
        table.add_column(head, overflow="fold")
    return table


def _share(
    column: Sequence[Second], part: Callable[[Second], int], whole: Callable[[Second], int]
) -> float | None:
    total = sum(whole(second) for second in column)
    return sum(part(second) for second in column) / total if total else None


def _completed(second: Second) -> int:
    return second.outcomes[CallOutcome.COMPLETED]


def _ended(second: Second) -> int:
    """Return how many calls ended in a way that the router had a say in."""
    return second.outcomes.total() - second.outcomes[CallOutcome.LEFT]


def _extra(second: Second) -> int:
    return second.extra


def _arrived(second: Second) -> int:
    return second.arrived


def _attempts(second: Second) -> int:
    return second.attempts.total()


def _attempts_on(name: str) -> Callable[[Second], int]:
    return lambda second: second.attempts[name]


def _percent(part: int, whole: int) -> str:
    return f"{part / whole * 100:.2f} %" if whole else "–"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f} s"
