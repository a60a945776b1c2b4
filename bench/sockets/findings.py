"""The results of a scenario: figures with their targets, and the conditions of the run."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from bench.sockets.callers import CallResult, quantile

LATENESS_LIMIT = 0.010
"""Seconds; where the generator was later than this at p99, it may have measured itself."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One figure; `met` is `None` if there is no target."""

    figure: str
    measured: str
    target: str = ""
    met: bool | None = None

    @property
    def verdict(self) -> str:
        """One word for the table."""
        return {None: "", True: "met", False: "**missed**"}[self.met]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """Average processors in use by the router, the measuring process and others."""

    seconds: float
    router: float
    providers: float
    generator: float
    others: float


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """The results of one scenario."""

    findings: Sequence[Finding]
    results: Sequence[CallResult]
    usage: Usage

    @property
    def lateness(self) -> float:
        """The 99th percentile of how late calls were sent, in seconds."""
        return quantile([one.lateness for one in self.results], 0.99)


def at_most(figure: str, value: float, limit: float, unit: str = "") -> Finding:
    """Return a figure that must not exceed its target."""
    return Finding(
        figure=figure,
        measured=number(value, unit),
        target=f"≤ {number(limit, unit)}",
        met=value <= limit,
    )


def at_least(figure: str, value: float, limit: float, unit: str = "") -> Finding:
    """Return a figure that must reach its target."""
    return Finding(
        figure=figure,
        measured=number(value, unit),
        target=f"≥ {number(limit, unit)}",
        met=value >= limit,
    )


def plain(figure: str, measured: str) -> Finding:
    """Return a figure without a target."""
    return Finding(figure=figure, measured=measured)


def number(value: float, unit: str = "") -> str:
    """Return a figure with its unit: values for `ms` and `%` are in seconds and fractions of 1."""
    match unit:
        case "ms":
            return f"{value * 1000:,.1f} ms"
        case "%":
            return f"{value * 100:.1f} %"
        case "":
            return f"{value:,.0f}" if value == int(value) else f"{value:,.3f}"
        case _:
            return f"{value:,.2f} {unit}"
