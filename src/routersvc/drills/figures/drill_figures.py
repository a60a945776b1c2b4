"""Counts what happens in a drill, by second and in total.

Two latencies of every call are kept, eight bytes each, so that high quantiles are exact.
"""

from __future__ import annotations

import array
import collections
import dataclasses
import enum

from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason, AttemptReport
from routersvc.domain.outcomes.errors import DeadlineExceededError, RefusedError, StreamBrokenError
from routersvc.domain.outcomes.reports import RouteReport

_FAILED = frozenset({AttemptOutcome.FAILED, AttemptOutcome.BROKEN})


class CallOutcome(enum.Enum):
    """How a call ended for its caller."""

    COMPLETED = "completed"
    FAILED = "failed"
    BROKEN = "broken off"
    DEADLINE = "deadline"
    REFUSED = "refused"
    LEFT = "caller left"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CallRecord:
    """One call; `report` holds its attempts. `arrived_at` is seconds of virtual time."""

    request_id: str
    arrived_at: float
    outcome: CallOutcome
    report: RouteReport


@dataclasses.dataclass(kw_only=True, slots=True)
class Second:
    """What happened in one second. Attempts are counted in the second of their start.

    `failures` are attempts that failed or broke, by deployment. `first_contents` are those of the
    calls that ended.
    """

    arrived: int = 0
    extra: int = 0
    outcomes: collections.Counter[CallOutcome] = dataclasses.field(
        default_factory=collections.Counter[CallOutcome]
    )
    attempts: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter[str])
    failures: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter[str])
    first_contents: array.array[float] = dataclasses.field(default_factory=lambda: array.array("d"))


class DrillFigures:
    """The statistics of one drill.

    `first_contents` and `durations` are those of completed calls, in seconds. `first_contents` also
    holds calls that broke later. Cancelled calls are in neither.
    """

    def __init__(self, *, kept_records: int) -> None:
        self.seconds: list[Second] = []
        self.outcomes: collections.Counter[CallOutcome] = collections.Counter()
        self.reasons: collections.Counter[AttemptReason] = collections.Counter()
        self.attempts: collections.Counter[str] = collections.Counter()
        self.served: collections.Counter[str] = collections.Counter()
        self.first_contents: array.array[float] = array.array("d")
        self.durations: array.array[float] = array.array("d")
        self.records: collections.deque[CallRecord] = collections.deque(maxlen=kept_records)
        self.recovered = 0

    @property
    def calls(self) -> int:
        """The number of calls that have ended, including refused ones."""
        return self.outcomes.total()

    @property
    def extra_attempts(self) -> int:
        """The number of attempts beyond the first of each call."""
        return self.reasons.total() - self.reasons[AttemptReason.FIRST]

    def arrived(self, now: float) -> None:
        """Count a call that arrives."""
        self._second(now).arrived += 1

    def started(self, deployment: str, reason: AttemptReason, now: float) -> None:
        """Count an attempt that starts."""
        second = self._second(now)
        second.attempts[deployment] += 1
        second.extra += reason is not AttemptReason.FIRST
        self.attempts[deployment] += 1
        self.reasons[reason] += 1

    def attempt_ended(self, report: AttemptReport, now: float) -> None:
        """Count an attempt that has ended."""
        if report.outcome in _FAILED:
            self._second(now).failures[report.deployment.name] += 1

    def ended(
        self, request_id: str, report: RouteReport, error: BaseException | None, now: float
    ) -> None:
        """Count a call that has ended."""
        outcome = outcome_of(error)
        self._count(outcome, now)
        if outcome is not CallOutcome.LEFT and report.time_to_first_content is not None:
            self.first_contents.append(report.time_to_first_content)
            self._second(now).first_contents.append(report.time_to_first_content)
        if outcome is CallOutcome.COMPLETED:
            self.durations.append(report.duration or 0.0)
            self.recovered += report.recovered
            if report.served is not None:
                self.served[report.served.deployment.name] += 1
        self.records.append(
            CallRecord(
                request_id=request_id,
                arrived_at=now - (report.duration or 0.0),
                outcome=outcome,
                report=report,
            )
        )

    def refused(self, now: float) -> None:
        """Count a call that was refused."""
        self._count(CallOutcome.REFUSED, now)

    def worst_extra(self, *, window: int) -> float:
        """Return the greatest share of extra attempts among calls in `window` whole seconds.

        The seconds after the last arrival are left out: extra attempts of calls that are still
        under way then have no calls to be a share of.
        """
        worst = 0.0
        calls = 0
        extra = 0
        seconds = list(self.seconds)
        while seconds and not seconds[-1].arrived:
            seconds.pop()
        for at, second in enumerate(seconds):
            calls += second.arrived
            extra += second.extra
            if at >= window:
                calls -= seconds[at - window].arrived
                extra -= seconds[at - window].extra
            if at >= window - 1 and calls:
                worst = max(worst, extra / calls)
        return worst

    def _count(self, outcome: CallOutcome, now: float) -> None:
        self._second(now).outcomes[outcome] += 1
        self.outcomes[outcome] += 1

    def _second(self, now: float) -> Second:
        while len(self.seconds) <= now:
            self.seconds.append(Second())
        return self.seconds[int(now)]


def outcome_of(error: BaseException | None) -> CallOutcome:
    """Return the outcome of a call that ended with `error`."""
    match error:
        case None:
            return CallOutcome.COMPLETED
        case RefusedError():
            return CallOutcome.REFUSED
        case StreamBrokenError():
            return CallOutcome.BROKEN
        case DeadlineExceededError():
            return CallOutcome.DEADLINE
        case Exception():
            return CallOutcome.FAILED
        case _:
            return CallOutcome.LEFT


def quantile(values: array.array[float], share: float) -> float | None:
    """Return the smallest value that at least `share` of the values do not exceed, or `None`.

    Raises:
        ValueError: `share` does not lie between 0 and 1.
    """
    if not 0 < share < 1:
        raise ValueError(f"`share` must lie between 0 and 1, not {share}")
    if not values:
        return None
    ordered = sorted(values)
    # As many as must not exceed it; rounding must not ask for one more than there are.
    return ordered[min(len(ordered), -int(-share * len(ordered) // 1)) - 1]
