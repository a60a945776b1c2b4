"""Views of the demo: a live display on a terminal, occasional lines elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from routersvc.cli.demo.outcomes import Mark, Spread, Tally
from routersvc.cli.demo.scenario import CHARACTERS, PRIMARY, Scenario
from routersvc.cli.views.figures import money_text, share_text, time_text

ROUTED = "through the router"
DIRECT = f"straight to {PRIMARY}"

_CELLS = 42
_PARTS = {
    "provider": "answering provider",
    "waiting": "slow or failed attempts",
    "router": "router itself",
}
_MARKS = {
    Mark.PENDING: ("·", "dim"),
    Mark.ANSWERED: ("■", "green"),
    Mark.REROUTED: ("■", "cyan"),
    Mark.FAILED: ("■", "bold red"),
}


def cast_table(base_urls: Mapping[str, str], router: str) -> Table:
    """Return the table of the providers and the router with their addresses."""
    table = Table.grid(padding=(0, 2))
    for name, base_url in base_urls.items():
        table.add_row(Text(name, style="bold"), CHARACTERS[name], Text(base_url, style="dim"))
    table.add_row(Text("router", style="bold"), "gRPC", Text(router, style="dim"))
    return table


def picture(
    tallies: Mapping[str, Tally], scenario: Scenario, elapsed: float, *, dead: bool
) -> RenderableType:
    """Return the calls of both callers over time, the worst mark of each moment."""
    table = Table.grid(padding=(0, 2))
    for name, tally in tallies.items():
        done = len(tally.outcomes)
        failed = Text(f"{tally.failed} failed", style="bold red" if tally.failed else "green")
        made = f"{done}/{len(scenario.jobs)}"
        row: list[str | Text] = [Text(name, style="bold"), _bar(tally), made, failed]
        if name == ROUTED:
            row.append(Text(f"{tally.rerouted} rerouted", style="cyan"))
        table.add_row(*row)
    table.add_row("", _outage(scenario, elapsed), "", "")
    state = Text(f"{PRIMARY} is ")
    state.append("dead", "bold red") if dead else state.append("alive", "green")
    state.append(f"   {min(elapsed, scenario.duration):.0f} of {scenario.duration:.0f} s   ", "dim")
    for mark, meaning in (
        (Mark.ANSWERED, "answered"),
        (Mark.REROUTED, "answered by another"),
        (Mark.FAILED, "failed"),
    ):
        state.append(*_MARKS[mark])
        state.append(f" {meaning}  ", "dim")
    return Group(table, state)


def progress_line(tallies: Mapping[str, Tally], elapsed: float, *, dead: bool) -> str:
    """Return the progress in one line, for outputs that are not terminals."""
    parts = [
        f"{name}: {tally.failed} of {len(tally.outcomes)} failed" for name, tally in tallies.items()
    ]
    state = "dead" if dead else "alive"
    return f"{elapsed:3.0f} s  {PRIMARY} {state:5}  {'   '.join(parts)}"


def result_table(tallies: Mapping[str, Tally]) -> Table:
    """Return the results of both callers side by side."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("")
    for name in tallies:
        table.add_column(name, justify="right")
    columns = tuple(tallies.values())
    table.add_row("calls", *(str(len(tally.outcomes)) for tally in columns))
    table.add_row(Text("failed calls", style="bold"), *(_failed(tally) for tally in columns))
    table.add_row("  of what", *(_failures(tally) for tally in columns), style="dim")
    table.add_row("answered by", *(_answered_by(tally) for tally in columns))
    table.add_row("after a failed attempt", *(str(tally.failovers) for tally in columns))
    table.add_row("streams cut, recovered", *(str(tally.recovered) for tally in columns))
    table.add_row("streams cut, asked again", *(str(tally.asked_again) for tally in columns))
    table.add_row("answered by a hedge", *(str(tally.hedges_won) for tally in columns))
    table.add_row("  all hedges: attempts", *(_extra(tally) for tally in columns), style="dim")
    table.add_row("  all hedges: cost", *(_hedged_cost(tally) for tally in columns), style="dim")
    table.add_section()
    table.add_row(Text("p50 / p95 / p99 of calls answered", style="dim"))
    for streaming, kind in ((False, "whole answer"), (True, "first words")):
        for dead, state in ((False, "alive"), (True, "dead")):
            spreads = (tally.times(streaming=streaming, primary_dead=dead) for tally in columns)
            table.add_row(f"{kind}, {PRIMARY} {state}", *(_spread(one) for one in spreads))
    table.add_section()
    table.add_row(Text("what the time to the first words is spent on", style="dim"))
    for part, meaning in _PARTS.items():
        for dead, state in ((False, "alive"), (True, "dead")):
            spreads = (tally.first_content_parts(primary_dead=dead)[part] for tally in columns)
            table.add_row(f"{meaning}, {PRIMARY} {state}", *(_spread(one) for one in spreads))
    return table


def verdict(tallies: Mapping[str, Tally]) -> Text:
    """Return the conclusion in one sentence."""
    routed, direct = tallies[ROUTED], tallies[DIRECT]
    text = Text(f"{routed.failed} of {len(routed.outcomes)} calls failed {ROUTED}, ")
    text.stylize("bold red" if routed.failed else "bold green")
    text.append(f"{direct.failed} of {len(direct.outcomes)} {DIRECT}.")
    return text


def _bar(tally: Tally) -> Text:
    bar = Text()
    for mark in tally.marks(_CELLS):
        bar.append(*_MARKS[mark])
    return bar


def _outage(scenario: Scenario, elapsed: float) -> Text:
    """Return the events of the outage, each below its time."""
    killed = int(scenario.killed_at / scenario.duration * _CELLS)
    revived = int(scenario.revived_at / scenario.duration * _CELLS)
    text = Text()
    if elapsed >= scenario.killed_at:
        text.append(" " * killed + "↑ killed", "red")
    if elapsed >= scenario.revived_at:
        text.append(" " * (revived - len(text)) + "↑ revived", "green")
    return text


def _failed(tally: Tally) -> Text:
    if not tally.failed:
        return Text("0", style="bold green")
    share = share_text(tally.failed / len(tally.outcomes))
    return Text(f"{tally.failed} ({share})", style="bold red")


def _failures(tally: Tally) -> str:
    return "\n".join(f"{count} {failure}" for failure, count in tally.failures().items()) or "–"


def _answered_by(tally: Tally) -> str:
    return ", ".join(f"{name} {count}" for name, count in tally.answered_by().items()) or "–"


def _extra(tally: Tally) -> str:
    """Return the share of attempts that started beside a slow one, per call."""
    return f"+{share_text(tally.hedges / len(tally.outcomes))}" if tally.hedges else "–"


def _hedged_cost(tally: Tally) -> str:
    """Return the cost of the attempts that lost, and that of those that answered."""
    if not tally.hedges:
        return "–"
    return f"{money_text(tally.hedged_cost)} beside {money_text(tally.served_cost)}"


def _spread(one: Spread) -> str:
    if not one.samples:
        return "–"
    return " / ".join(time_text(value) for value in (one.p50, one.p95, one.p99))
