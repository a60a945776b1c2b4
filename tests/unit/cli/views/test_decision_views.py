"""Totals as a table: each figure under its title, and nothing where nothing is known."""

from __future__ import annotations

import io
from collections.abc import Callable

from rich.console import Console

from routersvc.cli.views.decision_views import print_totals
from routersvc.cli.views.terminal import Terminal
from routersvc.telemetry.decision_log.dimensions import Dimension
from routersvc.telemetry.decision_log.totals import DecisionTotals


def totals(**figures: float) -> DecisionTotals:
    """Return totals with some figures and two durations."""
    found = DecisionTotals(**figures)  # type: ignore[arg-type]
    found.durations.extend((0.5, 2.0))
    return found


def test_figures_stand_under_their_titles(
    make_terminal: Callable[[], Terminal], written: Callable[[Console], str]
) -> None:
    """Of each group, and of all where there are several."""
    terminal = make_terminal()
    first = totals(calls=4, served=3, failovers=2, hedges=5, hedges_won=1, cost_usd=0.5)
    second = totals(calls=1, input_tokens=1200, output_tokens=30, wasted_usd=0.25)

    print_totals(
        terminal.out,
        {("shop",): first, ("",): second},
        totals(calls=5),
        [Dimension.TENANT],
    )

    rows = [line.split() for line in written(terminal.out).splitlines()]
    assert [row for row in rows if row] == [
        [
            "tenant",
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
            "first",
            "p95",
        ],
        ["shop", "4", "75.0", "%", "2", "5", "1", "0+0", "$0.50", "$0", "500", "ms", "2", "s", "–"],
        ["–", "1", "0", "%", "0", "0", "0", "1,200+30", "$0", "$0.25", "500", "ms", "2", "s", "–"],
        ["all", "5", "0", "%", "0", "0", "0", "0+0", "$0", "$0", "500", "ms", "2", "s", "–"],
    ]


def test_one_group_has_no_total_below_it(
    make_terminal: Callable[[], Terminal], written: Callable[[Console], str]
) -> None:
    """It would be the same line twice."""
    terminal = make_terminal()

    print_totals(terminal.out, {("shop",): totals(calls=1)}, totals(calls=1), [Dimension.TENANT])

    assert [line.split()[0] for line in written(terminal.out).splitlines()] == ["tenant", "shop"]


def test_narrow_terminal_shows_what_matters_most(written: Callable[[Console], str]) -> None:
    """The names of the groups and their cost; a table that is cut off would hide the names."""
    console = Console(file=io.StringIO(), width=50, color_system=None)

    print_totals(
        console, {("a-long-name-of-a-tenant",): totals(calls=4)}, totals(), [Dimension.TENANT]
    )

    title, row = written(console).splitlines()
    assert title.split() == ["tenant", "calls", "served", "cost", "p95"]
    assert row.split() == ["a-long-name-of-a-tenant", "4", "0", "%", "$0", "2", "s"]
