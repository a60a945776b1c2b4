"""Formats times, amounts, shares and counts."""

from __future__ import annotations

_MINUTE = 60.0
_HUNDRED_SECONDS = 100.0
_TEN_MILLISECONDS = 0.01


def time_text(seconds: float | None) -> str:
    """Return a duration with about three digits: `4.2 ms`, `412 ms`, `1.24 s`."""
    if seconds is None:
        return "–"
    if seconds < _TEN_MILLISECONDS:
        return f"{seconds * 1000:.1f} ms"
    if round(seconds * 1000) < 1000:  # noqa: PLR2004 - milliseconds in a second
        return f"{seconds * 1000:.0f} ms"
    if seconds < _HUNDRED_SECONDS and seconds != _MINUTE:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), int(_MINUTE))
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def money_text(usd: float) -> str:
    """Return an amount with two significant digits: `$0.00031`, `$1.20`."""
    if usd == 0:
        return "$0"
    if usd >= 0.1:  # noqa: PLR2004 - from ten cents on, cents are precise enough
        return f"${usd:.2f}"
    return f"${usd:.2g}" if usd >= 1e-4 else f"${usd:.1e}"  # noqa: PLR2004


def share_text(share: float) -> str:
    """Return a share as a percentage; only exact values are shown as 0 % and 100 %."""
    percent = share * 100
    if percent in {0.0, 100.0}:
        return f"{percent:.0f} %"
    return f"{min(99.9, max(0.1, percent)):.1f} %"


def count_text(count: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun: `1 attempt`, `2 attempts`."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"
