"""Turns the calls of all faults into the table that people read."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from bench.machines import machine
from bench.outages.callers import TIMEOUT, Result
from bench.outages.rounds import BEFORE, ROUNDS, Measured
from bench.tables import aligned, today

COMMAND = "python -m bench.outages --write"
_HEADS = (
    "fault of the primary",
    "call",
    "lost",
    "truncated",
    "first words",
    "slowest",
    "without fault",
    "attempts",
    "cost",
)


def page_of(measured: Sequence[Measured], *, load: float, seconds: float, parallel: int) -> str:
    """Return the whole page; `load` is the load average before the run."""
    calls = [call for one in measured for call in one.under]
    return f"""# Outages of a primary with a healthy backup

`{COMMAND}` on {today()}: {machine()}; load average {load:.1f} before the run, \
{seconds:.0f} s with {parallel} faults at a time.

A router with default settings, a primary and a backup of one model in fixed order, a simulator of \
both and the caller, in separate processes for each fault.
The caller makes no retries of its own, sets a deadline of {TIMEOUT:.0f} s, and asks for broken \
streams to restart, as the shipped clients do.
After {BEFORE} rounds without the fault come {ROUNDS} under it, each a unary and a streamed call \
at the same time.

| {len(measured)} faults, {len(calls):,} calls | | target |
|---|---:|---:|
| calls lost that the backup could have served | {_lost(calls)} | 0 |
| truncated answers reported as success | {_truncated(calls)} | 0 |

First words are the median and the slowest time until the caller has the first text, which is the \
whole answer for a unary call; the column without fault is the median of the same run before the \
fault.
Attempts are per call that was served; cost is the cost of a served call, with all its attempts, \
as a multiple of the same call without fault.

{aligned([_HEADS, *(row for one in measured for row in _rows(one))])}
"""


def failed(measured: Sequence[Measured]) -> bool:
    """Whether a target was missed."""
    calls = [call for one in measured for call in one.under]
    return bool(_lost(calls) or _truncated(calls))


def _rows(one: Measured) -> list[tuple[str, ...]]:
    return [
        (
            one.name,
            "streamed" if streaming else "unary",
            *_cells(
                [call for call in one.before if call.streaming is streaming],
                [call for call in one.under if call.streaming is streaming],
            ),
        )
        for streaming in (False, True)
    ]


def _cells(before: Sequence[Result], under: Sequence[Result]) -> tuple[str, ...]:
    served = [call for call in under if not call.lost]
    first = [call.first_words for call in served if call.first_words is not None]
    usual = [call.first_words for call in before if call.first_words is not None]
    costs = [call.cost for call in before if not call.lost]
    cost = statistics.mean(costs) if costs else 0.0
    return (
        f"{_lost(under)} of {len(under)}",
        str(_truncated(under)),
        _seconds(statistics.median(first) if first else None),
        _seconds(max(first, default=None)),
        _seconds(statistics.median(usual) if usual else None),
        f"{statistics.mean(call.attempts for call in served):.1f}" if served else "–",
        f"{statistics.mean(call.cost for call in served) / cost:.2f} ×" if served and cost else "–",
    )


def _lost(calls: Sequence[Result]) -> int:
    return sum(call.lost for call in calls)


def _truncated(calls: Sequence[Result]) -> int:
    return sum(call.truncated for call in calls)


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} s"
