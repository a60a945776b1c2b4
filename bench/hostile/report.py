"""The table of the attacks, and whether the quiet caller was harmed."""

from __future__ import annotations

from collections.abc import Sequence

from bench.hostile.rounds import Round
from bench.machines import machine
from bench.tables import aligned, milliseconds, table, today

MAX_SLOWDOWN = 10
MAX_TURN = 0.02
MAX_GROWTH = 1.2
_MEBIBYTE = 1 << 20


def broken_targets(rounds: Sequence[Round]) -> list[str]:
    """Return a sentence for each target that is missed."""
    quiet, *attacks = rounds
    missed = [
        f"{each.name}: {each.lost} calls of the quiet caller lost" for each in attacks if each.lost
    ]
    missed += [
        f"{each.name}: p99 of the quiet caller {each.slowest / quiet.slowest:.1f} × its quiet p99"
        for each in attacks
        if each.slowest > MAX_SLOWDOWN * quiet.slowest
    ]
    missed += [
        f"{each.name}: a turn of {milliseconds(each.turn)}"
        for each in attacks
        if each.turn > MAX_TURN
    ]
    growth = attacks[-1].memory / quiet.memory if attacks else 1.0
    if growth > MAX_GROWTH:
        missed.append(f"memory after all attacks is {growth:.2f} × that before")
    return missed


def page_of(rounds: Sequence[Round], edge: str, *, load: float, seconds: float) -> str:
    """Return the page of a run."""
    quiet, *attacks = rounds
    missed = broken_targets(rounds)
    sums = table(
        [
            f"{len(attacks)} attacks, {sum(each.calls for each in attacks):,} calls beside",
            "",
            "target",
        ],
        [
            ["calls of the quiet caller lost", str(sum(each.lost for each in attacks)), "0"],
            [
                "its largest p99, as a multiple of its quiet p99",
                f"{max(each.slowest for each in attacks) / quiet.slowest:.1f}",
                f"≤ {MAX_SLOWDOWN}",
            ],
            [
                "longest turn of the event loop, CPU time",
                milliseconds(max(each.turn for each in attacks)),
                f"≤ {milliseconds(MAX_TURN)}",
            ],
            [
                "memory after all attacks, as a multiple of that before",
                f"{attacks[-1].memory / quiet.memory:.2f}",
                f"≤ {MAX_GROWTH}",
            ],
        ],
    )
    rows = [
        ["attack", "lost", "median", "p99", "longest turn", "CPU", "memory", "the attacker heard"]
    ]
    rows += [
        [
            each.name,
            f"{each.lost} of {each.calls}",
            milliseconds(each.median),
            milliseconds(each.slowest),
            milliseconds(each.turn) if each.turn else "< 5 ms",
            f"{each.cpu:.1f} s",
            f"{each.memory // _MEBIBYTE} MiB",
            ", ".join(f"{name} {count:,}" for name, count in each.said.most_common()) or "–",
        ]
        for each in rounds
    ]
    lines = [
        "# Hostile and careless callers beside a quiet one",
        "",
        (
            f"`python -m bench.hostile --edge {edge} --write` on {today()}: {machine()}; "
            f"load average {load:.1f} before the run, {seconds:.0f} s."
        ),
        "",
        (
            f"A router with `server.edge: {edge}`, two tenants and detection, and otherwise with "
            "default settings; a provider that answers at "
            "once; an attacker with the key of one tenant, or with none; and a quiet caller that "
            "makes 20 calls a second with the key of the other, each in a process of its own."
        ),
        (
            "Requests are generated from a seed. "
            "A turn is what the thread of the event loop computes between two firings of a timer "
            "of 1 ms."
        ),
        "",
        sums,
        "",
        f"Missed: {'; '.join(missed)}." if missed else "All targets are met.",
        "",
        aligned(rows),
        "",
    ]
    return "\n".join(lines)
