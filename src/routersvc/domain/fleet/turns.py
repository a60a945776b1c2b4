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
    """When one deployment last served, and when it was last tried.

    `latest_failed` says whether its latest outcome is a failure.
    """

    __slots__ = ("_served_at", "_started_at", "latest_failed")

    def __init__(self) -> None:
        self.latest_failed = False
        self._served_at = -math.inf
        self._started_at = -math.inf

    def started(self, now: float) -> None:
        """Record the start of an attempt."""
        self._started_at = now

    def succeeded(self, now: float) -> None:
        """Record a first content or a complete answer."""
        self._served_at = now
        self.latest_failed = False

    def failed(self) -> None:
        """Record a failure: successes before it say nothing any more."""
        self._served_at = -math.inf
        self.latest_failed = True

    def turn(self, now: float, *, in_flight: int) -> Turn:
        """Return the rank of the deployment."""
        tried = now if in_flight else self._started_at
        return Turn(-self._served_at, tried, self._started_at)
