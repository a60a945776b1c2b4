"""Records of violations, and of the calls and attempts that still run."""

from __future__ import annotations

import dataclasses
import enum

from routersvc.domain.catalogue.requests import Request
from routersvc.domain.outcomes.attempt_reports import AttemptReason, AttemptReport


class Promise(enum.Enum):
    """The promises that every drill checks, with their numbers in the design."""

    ONE_OUTCOME = "1 one outcome, of one piece"
    NOT_TRUNCATED = "2 no truncated success"
    CONSTRAINTS = "3 constraints hold"
    DEADLINE = "4 deadline"
    NOTHING_LEFT = "5 nothing left running"
    CANCELLATION = "6 cancelled at once"
    BOUNDED = "7 bounded attempts and budgets"
    LOSERS = "8 losers change no health"
    PROBES = "one probe at a time"
    UNTRIED = "13 nobody left untried"
    GATES = "not called before it allows"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    """A violation of a promise; `at` is the virtual time in seconds."""

    promise: Promise
    at: float
    request_id: str
    description: str

    def __str__(self) -> str:
        """Return one line for people."""
        call = f" call {self.request_id}" if self.request_id else ""
        return f"{self.promise.value}: at {self.at:.6f} s{call}: {self.description}"


@dataclasses.dataclass(kw_only=True, slots=True, eq=False)
class LiveAttempt:
    """An attempt that was started. `probe_of` is the opening of the breaker that it probes.

    `spoke` tells that its first content arrived, `ran_beside` that it ran beside another
    one before that.
    """

    request_id: str
    deployment: str
    reason: AttemptReason
    number: int
    started_at: float
    probe_of: int | None = None
    spoke: bool = False
    ran_beside: bool = False
    report: AttemptReport | None = None

    @property
    def running(self) -> bool:
        """Whether its end has not been reported yet."""
        return self.report is None


@dataclasses.dataclass(kw_only=True, slots=True, eq=False)
class LiveCall:
    """A call that has arrived. `told` counts the ends that the observer received."""

    request: Request
    arrived_at: float
    attempts: list[LiveAttempt] = dataclasses.field(default_factory=list[LiveAttempt])
    told: int = 0
    told_error: BaseException | None = None
    refused: int = 0

    @property
    def deadline(self) -> float:
        """The deadline of the caller, in seconds of virtual time."""
        return self.arrived_at + self.request.timeout

    @property
    def stale_connections(self) -> list[LiveAttempt]:
        """The attempts whose connection was stale: each is repeated at once, for free."""
        return [
            attempt
            for attempt in self.attempts
            if attempt.reason is not AttemptReason.RETRY
            and attempt.report is not None
            and attempt.report.failure is not None
            and attempt.report.failure.is_stale_connection
        ]

    def is_repetition(self, attempt: LiveAttempt) -> bool:
        """Whether `attempt` repeats what a stale connection broke."""
        return attempt.reason is AttemptReason.RETRY and attempt.deployment in {
            stale.deployment for stale in self.stale_connections
        }
