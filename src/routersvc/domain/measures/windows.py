"""A sliding window of time, for counts that expire.

The span is cut into slices. New events go into the current slice; a slice expires as a whole, so
that a full window loses a small part at a time instead of everything at once. Nothing younger than
the span expires, and nothing is kept for longer than the span and one slice.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Generic, TypeVar

S = TypeVar("S")


class SlidingWindow(Generic[S]):
    """Returns the slice of the current moment and lets old ones expire.

    `new` makes an empty slice. `forget` subtracts a slice from the owner's totals and empties it,
    for reuse. Times that run backwards stay in the current slice.

    Raises:
        ValueError: `span` is not above 0 seconds, or there is no slice.
    """

    __slots__ = ("_current", "_ends_at", "_forget", "_length", "_number", "_ring", "span")

    def __init__(
        self, *, span: float, slices: int, new: Callable[[], S], forget: Callable[[S], None]
    ) -> None:
        if not 0 < span < math.inf:
            raise ValueError(f"`span` must be above 0 seconds and finite, not {span}")
        if slices < 1:
            raise ValueError(f"`slices` must be at least 1, not {slices}")
        self.span = span
        self._length = span / slices
        # One more than the span needs, because the current slice has only begun.
        self._ring = [new() for _ in range(slices + 1)]
        self._current = self._ring[0]
        self._number = 0
        self._ends_at = -math.inf
        self._forget = forget

    def current(self, now: float) -> S:
        """Return the slice that `now` belongs to, after old slices have expired."""
        if now >= self._ends_at:
            self._advance(now)
        return self._current

    def clear(self) -> None:
        """Forget everything."""
        for each in self._ring:
            self._forget(each)

    def _advance(self, now: float) -> None:
        number = int(now // self._length)
        size = len(self._ring)
        for passed in range(max(self._number + 1, number - size + 1), number + 1):
            self._forget(self._ring[passed % size])
        self._number = number
        self._current = self._ring[number % size]
        self._ends_at = (number + 1) * self._length
