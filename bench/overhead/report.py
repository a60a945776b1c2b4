"""Writes the measurements as Markdown tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from bench.machines import machine
from bench.overhead.measuring import (
    IN_FLIGHT,
    PACED_STREAMS,
    UNPACED_STREAMS,
    Efforts,
    Extent,
    Measured,
    Times,
)
from bench.overhead.processes import PACED_GAP, UNPACED_TOKENS
from bench.tables import aligned

Row = Sequence[str]

_MILLI = 1e3
_MICRO = 1e6


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """One load, with the target for the router's CPU time per unit in µs, if there is one."""

    name: str
    efforts: Callable[[Measured], Efforts]
    limit: float | None = None


def _paced(streams: int) -> Load:
    return Load(
        name=f"token, paced, {streams} streams", efforts=lambda of: of.paced[streams], limit=60
    )


LOADS = (
    Load(name="unary call, 1 in flight", efforts=lambda of: of.lone_unary),
    Load(name=f"unary call, {IN_FLIGHT} in flight", efforts=lambda of: of.busy_unary, limit=600),
    Load(name=f"token, unpaced, {UNPACED_STREAMS} streams", efforts=lambda of: of.unpaced),
    *map(_paced, PACED_STREAMS),
)

ADDED_LIMIT = 1.0
"""Milliseconds that the median of a unary call may be above that of a direct one."""


def tables(measured: Mapping[str, Measured]) -> str:
    """Return the tables in Markdown."""
    sections = (
        ("Targets", _targets(measured)),
        ("Latency with one call in flight, ms", _latencies(measured)),
        ("Cost and throughput", _costs(measured)),
    )
    return "\n\n".join(f"## {title}\n\n{aligned(rows)}" for title, rows in sections)


def head(command: str, day: str, extent: Extent, load: float) -> str:
    """Return the description of the run."""
    return f"""# Overhead of the router

`{command}` on {day}: {machine()}; load average {load:.1f} before the run.

All figures are from this run of {extent.rounds} rounds, in each of which every load runs against
every target in turn. An added time is the median over the rounds of the difference in the same
round; a CPU time is user and system time of the server's process, the median over the rounds.
Ratios carry over to other machines, absolute figures do not.

- **direct**: aiohttp calls the simulated provider; the CPU is the provider's.
- **echo**: a gRPC server that answers without a provider: the cost of the gRPC edge alone.
- **relay**: a gRPC server that calls the provider with aiohttp and forwards the answer: the
  minimum cost of any such service.
- **router**: `routersvc serve` with default settings, log lines and metrics included.
- **…, grpcio**: the same with `server.edge: grpcio`.

An answer has {UNPACED_TOKENS} tokens. Unpaced tokens are sent at once, many in a message;
paced tokens are sent every {PACED_GAP * _MILLI:.0f} ms, each in its own message."""


def _targets(measured: Mapping[str, Measured]) -> list[Row]:
    router = measured["router"]
    added = router.unary.added(measured["direct"].unary, 0.5) * _MILLI
    figures = [
        (load.name + ": CPU", load.efforts(router).cpu_per_unit * _MICRO, load.limit, "µs")
        for load in LOADS
        if load.limit is not None
    ]
    figures.append(("unary call, 1 in flight: added p50", added, ADDED_LIMIT, "ms"))
    rows: list[Row] = [("figure of the router", "measured", "target", "")]
    rows.extend(
        (
            name,
            f"{_number(figure)} {unit}",
            f"≤ {limit:g} {unit}",
            "kept" if figure <= limit else "**missed**",
        )
        for name, figure, limit, unit in figures
    )
    return rows


def _latencies(measured: Mapping[str, Measured]) -> list[Row]:
    rows: list[Row] = [("", *measured, "added by the router", "router ÷ direct")]
    loads: tuple[tuple[str, Callable[[Measured], Times]], ...] = (
        ("unary", lambda of: of.unary),
        ("stream, first content", lambda of: of.first_content),
        ("stream, whole answer", lambda of: of.stream),
    )
    for name, times in loads:
        for share in (0.5, 0.99):
            quantiles = {key: times(of).quantile(share) for key, of in measured.items()}
            added = times(measured["router"]).added(times(measured["direct"]), share)
            rows.append(
                (
                    f"{name}, p{share * 100:.0f}",
                    *(f"{seconds * _MILLI:.2f}" for seconds in quantiles.values()),
                    f"{added * _MILLI:+.2f}",
                    f"{quantiles['router'] / quantiles['direct']:.1f}",
                )
            )
    return rows


def _costs(measured: Mapping[str, Measured]) -> list[Row]:
    rows: list[Row] = [("", *measured, "router ÷ echo", "router ÷ relay")]
    for load in LOADS:
        efforts = {key: load.efforts(of) for key, of in measured.items()}
        cpu = {key: effort.cpu_per_unit for key, effort in efforts.items()}
        figures = {
            "µs of CPU": {key: seconds * _MICRO for key, seconds in cpu.items()},
            "per second and core": {key: 1 / seconds for key, seconds in cpu.items()},
            "per second": {key: effort.per_second for key, effort in efforts.items()},
        }
        for figure, values in figures.items():
            rows.append(
                (
                    f"{load.name}: {figure}",
                    *map(_number, values.values()),
                    f"{values['router'] / values['echo']:.2f}",
                    f"{values['router'] / values['relay']:.2f}",
                )
            )
    return rows


def _number(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"  # noqa: PLR2004 - three digits matter
