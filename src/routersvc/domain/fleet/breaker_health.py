"""The state of a circuit breaker, as health reports it."""

from __future__ import annotations

import dataclasses
import enum


class BreakerState(enum.Enum):
    """The state of a circuit breaker."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class BreakerHealth:
    """A breaker: `next_probe_delay` is set while it is open."""

    state: BreakerState
    next_probe_delay: float | None
    consecutive_failures: int
    opened_total: int
