"""When a deployment may be called again, as its provider asked: `Retry-After` and its like.

Follows Linkerd in keeping the wait out of the breaker: a deployment that asks for time is alive.
"""

from __future__ import annotations

import math

LONGEST_WAIT = 86_400.0
"""Seconds; a daily quota waits no longer, so a greater wait is a broken header."""


class NotBeforeGate:
    """Keeps calls away until an instant that only ever moves on."""

    __slots__ = ("_opens_at",)

    def __init__(self) -> None:
        self._opens_at = -math.inf

    def close_for(self, wait: float, now: float) -> None:
        """Let no call pass for `wait` seconds; a gate that opens later stays as it is.

        Waits above `LONGEST_WAIT` are cut to it; what is no number is ignored.
        """
        self._opens_at = max(self._opens_at, now + min(wait, LONGEST_WAIT))

    def is_open(self, now: float) -> bool:
        """Whether calls may pass."""
        return now >= self._opens_at

    def closed_for(self, now: float) -> float:
        """Return the seconds until calls may pass, 0 where they may now."""
        return max(0.0, self._opens_at - now)
