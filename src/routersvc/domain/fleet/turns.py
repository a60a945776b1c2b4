"""Which deployment is called first where all refuse: the last one that served, then in turns."""

from __future__ import annotations

import math
from typing import NamedTuple


class Turn(NamedTuple):
    """The rank of a deployment among those that all refuse; the lowest is called first.

    `success` is minus the time of the last success since the last failure, infinite without one.
    `tried` is when an attempt last started, now while one runs; `started` breaks ties.
    """

    success: float
    tried: float
    started: float


class TurnRecord:
    """When one deployment last served, and when it was last tried."""

    __slots__ = ("_served_at", "_started_at")

    def __init__(self) -> None:
        self._served_at = -math.inf
        self._started_at = -math.inf

    @property
    def has_served(self) -> bool:
        """Whether the latest outcome is a success."""
        return self._served_at > -math.inf

    def started(self, now: float) -> None:
        """Record the start of an attempt."""
        self._started_at = now

    def succeeded(self, now: float) -> None:
        """Record a first content or a complete answer."""
        self._served_at = now

    def failed(self) -> None:
        """Record a failure: successes before it say nothing any more."""
        self._served_at = -math.inf

    def turn(self, now: float, *, in_flight: int) -> Turn:
        """Return the rank of the deployment."""
        tried = now if in_flight else self._started_at
        return Turn(-self._served_at, tried, self._started_at)
