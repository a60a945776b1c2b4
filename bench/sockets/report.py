"""Turns what the scenarios found into tables that people read."""

from __future__ import annotations

from collections.abc import Mapping

from bench.machines import machine
from bench.sockets.callers import quantile
from bench.sockets.findings import LATENESS_LIMIT, Scene
from bench.sockets.scenarios import SCENARIOS
from bench.tables import aligned, today

COMMAND = "python -m bench.sockets"


def table_of(scenes: Mapping[str, Scene], load: float) -> str:
    """Return the whole page; `load` is the load average before the run."""
    command = COMMAND if list(scenes) == list(SCENARIOS) else f"{COMMAND} {' '.join(scenes)}"
    findings = [("figure", "measured", "target", "")]
    conditions = [
        ("scenario", "calls", "sent late p50", "p99", "router", "providers", "callers", "others"),
    ]
    for name, scene in scenes.items():
        findings += [(one.figure, one.measured, one.target, one.verdict) for one in scene.findings]
        lateness = [one.lateness for one in scene.results]
        usage = scene.usage
        late = scene.lateness
        mark = " !" if late > LATENESS_LIMIT else ""
        conditions.append(
            (
                name,
                f"{len(scene.results):,}",
                f"{quantile(lateness, 0.5) * 1000:.1f} ms",
                f"{late * 1000:.1f} ms{mark}",
                f"{usage.router:.2f}",
                f"{usage.providers:.2f}",
                f"{usage.generator:.2f}",
                f"{usage.others:.2f}",
            )
        )
    described = "\n".join(f"- **{name}**: {SCENARIOS[name].description}." for name in scenes)
    return f"""# Outages over real sockets

`{command} --write` on {today()}: {machine()}; load average {load:.1f} before the run.

The router, a simulator of all providers and the callers are separate processes on loopback, in
real time. Every scenario starts a new router with default settings, except for those that the
scenario names; it logs only errors.

{described}

## Findings

{aligned(findings)}

## Conditions

By how much the callers' process was behind its schedule, and how many processors each process
used on average. `!` marks a scenario whose callers were so late that its figures may measure the
callers; `others` are processes outside the benchmark.

{aligned(conditions)}
"""
