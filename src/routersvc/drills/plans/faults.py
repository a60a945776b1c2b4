"""Faults of simulated deployments, scheduled in virtual time."""

from __future__ import annotations

import dataclasses
import enum
import math
from collections.abc import Iterable

from routersvc.domain.outcomes.failure_rules import FailureClass


class FaultKind(enum.Enum):
    """The kinds of faults."""

    KILL = "kill"
    """New connections are refused, open ones break."""
    HANG = "hang"
    """New calls are never answered; running answers pause until the fault ends."""
    SLOW = "slow"
    """Everything takes `factor` times as long."""
    ERROR = "error"
    """Calls fail with status 503."""
    OVERLOAD = "overload"
    """Calls fail with status 529 (overloaded), with `retry_after` if it is set."""
    RATE_LIMIT = "rate_limit"
    """Calls fail with status 429 (rate limited), with `retry_after` if it is set."""
    UNAUTHORIZED = "unauthorized"
    """Calls fail with status 401 (credential refused)."""
    STALE_CONNECTION = "stale_connection"
    """A kept-alive connection breaks before a response begins."""
    CUT = "cut"
    """Answers break off after `tokens` tokens."""
    STALL = "stall"
    """Answers go silent after `tokens` tokens and stay connected."""
    SILENCE = "silence"
    """Calls are accepted and never answered."""
    DRIP = "drip"
    """At least `interval` seconds pass between two tokens."""
    UNFINISHED = "unfinished"
    """Answers end after their last token, without a finish reason."""
    LEFT_OPEN = "left_open"
    """Answers go silent after their last token, without a finish reason."""
    CUT_ALL = "cut_all"
    """All running answers break at `start`; new calls are answered."""
    ONE_AT_A_TIME = "one_at_a_time"
    """Calls fail with status 503 while another one runs."""
    EVERY_NTH = "every_nth"
    """All calls but every `nth` fail with status 503."""
    REFUSED_PREFILL = "refused_prefill"
    """Calls whose prompt ends with the beginning of the answer fail with status 400."""
    CHECK_ERROR = "check_error"
    """Health checks fail with status 500; calls are answered."""
    CHECK_HANG = "check_hang"
    """Health checks are never answered; calls are."""


FAILURE_CLASSES = {
    FaultKind.ERROR: FailureClass.SERVER_ERROR,
    FaultKind.OVERLOAD: FailureClass.OVERLOADED,
    FaultKind.RATE_LIMIT: FailureClass.RATE_LIMITED,
    FaultKind.UNAUTHORIZED: FailureClass.AUTHENTICATION,
    FaultKind.STALE_CONNECTION: FailureClass.RESET,
    FaultKind.ONE_AT_A_TIME: FailureClass.SERVER_ERROR,
    FaultKind.EVERY_NTH: FailureClass.SERVER_ERROR,
    FaultKind.REFUSED_PREFILL: FailureClass.INVALID_REQUEST,
}
"""The faults that refuse calls, with the failure class of each."""

_ASKS_FOR_TIME = frozenset({FaultKind.OVERLOAD, FaultKind.RATE_LIMIT})
_BREAKS_ANSWERS = frozenset(
    {FaultKind.CUT, FaultKind.STALL, FaultKind.UNFINISHED, FaultKind.LEFT_OPEN}
)
_BREAKS_RUNNING = frozenset({FaultKind.KILL, FaultKind.CUT_ALL})
HITS_EVERY_CALL = frozenset(
    {
        FaultKind.KILL,
        FaultKind.HANG,
        FaultKind.SLOW,
        FaultKind.CUT_ALL,
        FaultKind.CHECK_ERROR,
        FaultKind.CHECK_HANG,
    }
)
"""The faults that have no `share`."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One fault of one deployment, from `start` until `end` in seconds of virtual time.

    `share` is the fraction of calls affected. `factor` is for `SLOW`, `retry_after` for `OVERLOAD`
    and `RATE_LIMIT`, `tokens` for `CUT` and `STALL`, `interval` for `DRIP`, `nth` for `EVERY_NTH`.
    A fault that refuses calls may have a `period`: it is active in the first half of each.
    """

    deployment: str
    kind: FaultKind
    start: float
    end: float = math.inf
    share: float = 1.0
    factor: float = 10.0
    retry_after: float | None = None
    tokens: int = 1
    interval: float = 3.0
    nth: int = 2
    period: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError("`start` is at least 0 seconds and before `end`")
        if not 0 < self.share <= 1:
            raise ValueError(f"`share` must be above 0 and at most 1, not {self.share}")
        if self.share < 1 and self.kind in HITS_EVERY_CALL:
            raise ValueError(f"`share` is 1 for `{self.kind.value}`: it hits every call")
        if not 0 < self.factor < math.inf:
            raise ValueError(f"`factor` must be above 0, not {self.factor}")
        if self.retry_after is not None and self.kind not in _ASKS_FOR_TIME:
            raise ValueError("`retry_after` belongs to `overload` and `rate_limit`")
        if self.retry_after is not None and not 0 <= self.retry_after < math.inf:
            raise ValueError("`retry_after` must be at least 0 seconds")
        if self.tokens < 0:
            raise ValueError("`tokens` must be at least 0")
        if not 0 < self.interval < math.inf:
            raise ValueError(f"`interval` must be above 0 seconds, not {self.interval}")
        if self.nth < 2:  # noqa: PLR2004 - else no call fails
            raise ValueError(f"`nth` must be at least 2, not {self.nth}")
        if self.period is not None and not (self.refuses and 0 < self.period < math.inf):
            raise ValueError("`period` must be above 0 seconds, and belongs to faults that refuse")

    @property
    def refuses(self) -> bool:
        """Whether calls fail before they get an answer."""
        return self.kind in FAILURE_CLASSES

    @property
    def breaks_answers(self) -> bool:
        """Whether answers begin but do not end."""
        return self.kind in _BREAKS_ANSWERS

    def active(self, now: float) -> bool:
        """Whether the fault is active now."""
        if not self.start <= now < self.end:
            return False
        return self.period is None or (now - self.start) % self.period < self.period / 2


class FaultSchedule:
    """The faults of one deployment."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._faults = tuple(faults)

    def active(self, now: float) -> tuple[Fault, ...]:
        """Return the faults that are active now, in the order of the plan."""
        return tuple(fault for fault in self._faults if fault.active(now))

    def is_down(self, now: float) -> bool:
        """Whether connections are refused now."""
        return any(f.kind is FaultKind.KILL and f.active(now) for f in self._faults)

    def next_kill(self, now: float) -> float:
        """Return the next time after `now` at which open connections break."""
        return min(
            (f.start for f in self._faults if f.kind in _BREAKS_RUNNING and f.start > now),
            default=math.inf,
        )

    def factor(self, now: float) -> float:
        """Return by which factor durations are extended now."""
        slow = (f.factor for f in self._faults if f.kind is FaultKind.SLOW and f.active(now))
        return math.prod(slow)

    def thaws_at(self, instant: float) -> float:
        """Return when something due at `instant` happens; a hang delays it to its end."""
        for fault in sorted(self._faults, key=lambda fault: fault.start):
            if fault.kind is FaultKind.HANG and fault.active(instant):
                instant = fault.end
        return instant
