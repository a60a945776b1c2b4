"""Outcomes of the calls of the demo, and their statistics."""

from __future__ import annotations

import collections
import dataclasses
import enum
import math
from collections.abc import Sequence

from routersvc.cli.demo.scenario import PRIMARY, Job, Scenario

SERVED = "served"
_LOST = "lost"
_HEDGES = frozenset({"hedge", "rescue"})


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One attempt of a call, as the report of the router has it.

    `result` is a failure class, or the outcome of an attempt that did not fail. `start_delay` is
    the time from the arrival of the request to the start of the attempt, `first_content` the time
    from there to its first content, both in seconds; `cost` is in US dollars.
    """

    provider: str
    result: str
    reason: str = "first"
    start_delay: float = 0.0
    first_content: float | None = None
    cost: float = 0.0


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The outcome of one call; times are in seconds after its start, `None` without an answer.

    `failure` is the reason of a failed call, and empty for an answered one. `recovered` is whether
    its stream broke and the router restarted it with another provider, `asked_again` whether the
    caller repeated the call.
    """

    job: Job
    failure: str = ""
    first_content: float | None = None
    duration: float | None = None
    recovered: bool = False
    asked_again: bool = False
    attempts: tuple[Attempt, ...] = ()

    @property
    def serving(self) -> Attempt | None:
        """The attempt that served the answer, `None` without an answer."""
        return next((one for one in self.attempts if one.result == SERVED), None)

    @property
    def answered_by(self) -> str:
        """The provider that answered; empty without an answer."""
        return "" if self.serving is None else self.serving.provider

    @property
    def rerouted(self) -> bool:
        """Whether another provider than the primary answered."""
        return self.answered_by not in {"", PRIMARY}

    @property
    def failed_over(self) -> bool:
        """Whether an attempt failed before another one answered."""
        return not self.failure and any(one.result not in {SERVED, _LOST} for one in self.attempts)

    @property
    def hedge_won(self) -> bool:
        """Whether an attempt that started beside a slow one answered."""
        return self.serving is not None and self.serving.reason in _HEDGES

    @property
    def first_content_parts(self) -> FirstContentParts | None:
        """What the time to the first content is spent on, `None` if it is not known."""
        serving = self.serving
        if serving is None or serving.first_content is None or self.first_content is None:
            return None
        if self.recovered or self.asked_again:
            return None
        waiting = serving.start_delay if serving is not self.attempts[0] else 0.0
        router = max(0.0, self.first_content - serving.first_content - waiting)
        return FirstContentParts(provider=serving.first_content, waiting=waiting, router=router)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class FirstContentParts:
    """The parts of the time to the first content that a caller measured, in seconds.

    `provider` is the time of the provider that answered, `waiting` the time before its attempt
    started because an earlier one was slow or failed, `router` the rest: the router itself, its
    connections, and the client.
    """

    provider: float
    waiting: float
    router: float


class Mark(enum.IntEnum):
    """The mark for the calls of one moment; the greatest is shown."""

    PENDING = 0
    ANSWERED = 1
    REROUTED = 2
    FAILED = 3


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """Quantiles of a time in seconds, over `samples` samples; `None` without any."""

    p50: float | None
    p95: float | None
    p99: float | None
    samples: int


def spread(times: Sequence[float]) -> Spread:
    """Return quantiles by nearest rank, so that each is a measured time."""
    ordered = sorted(times)

    def at(share: float) -> float | None:
        return ordered[math.ceil(share * len(ordered)) - 1] if ordered else None

    return Spread(p50=at(0.50), p95=at(0.95), p99=at(0.99), samples=len(ordered))


class Tally:
    """The outcomes of one caller."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self.outcomes: list[Outcome] = []

    def add(self, outcome: Outcome) -> None:
        """Add an outcome."""
        self.outcomes.append(outcome)

    @property
    def failed(self) -> int:
        """Number of calls without an answer."""
        return sum(bool(outcome.failure) for outcome in self.outcomes)

    @property
    def rerouted(self) -> int:
        """Number of calls that another provider than the primary answered."""
        return sum(outcome.rerouted for outcome in self.outcomes)

    @property
    def failovers(self) -> int:
        """Number of calls that were answered after a failed attempt."""
        return sum(outcome.failed_over for outcome in self.outcomes)

    @property
    def recovered(self) -> int:
        """Number of broken streams that the router recovered."""
        return sum(outcome.recovered for outcome in self.outcomes)

    @property
    def asked_again(self) -> int:
        """Number of calls that were repeated because their stream broke."""
        return sum(outcome.asked_again for outcome in self.outcomes)

    def failures(self) -> dict[str, int]:
        """Return the number of failed calls by failure, the most frequent first."""
        counter = collections.Counter(one.failure for one in self.outcomes if one.failure)
        return dict(counter.most_common())

    def answered_by(self) -> dict[str, int]:
        """Return the number of calls that each provider answered, by name."""
        counter = collections.Counter(one.answered_by for one in self.outcomes if one.answered_by)
        return dict(sorted(counter.items()))

    def lost_attempts(self) -> dict[str, dict[str, int]]:
        """Return the number of failed attempts by provider and failure class."""
        found: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
        for outcome in self.outcomes:
            for attempt in outcome.attempts:
                if attempt.result not in {SERVED, _LOST}:
                    found[attempt.provider][attempt.result] += 1
        return {name: dict(counter.most_common()) for name, counter in sorted(found.items())}

    @property
    def hedges(self) -> int:
        """Number of attempts that started beside a slow one."""
        return sum(one.reason in _HEDGES for outcome in self.outcomes for one in outcome.attempts)

    @property
    def hedges_won(self) -> int:
        """Number of calls that such an attempt answered."""
        return sum(outcome.hedge_won for outcome in self.outcomes)

    @property
    def hedged_cost(self) -> float:
        """Cost in US dollars of the attempts that lost against another one of their call."""
        return self._cost(_LOST)

    @property
    def served_cost(self) -> float:
        """Cost in US dollars of the attempts that answered."""
        return self._cost(SERVED)

    def _cost(self, result: str) -> float:
        attempts = (one for outcome in self.outcomes for one in outcome.attempts)
        return math.fsum(one.cost for one in attempts if one.result == result)

    def first_content_parts(self, *, primary_dead: bool) -> dict[str, Spread]:
        """Return what the times to the first content of one phase are spent on, by part."""
        parts = [
            dataclasses.asdict(one.first_content_parts)
            for one in self.outcomes
            if one.first_content_parts is not None
            and self._scenario.is_primary_dead(one.job.at) is primary_dead
        ]
        names = [field.name for field in dataclasses.fields(FirstContentParts)]
        return {name: spread([part[name] for part in parts]) for name in names}

    def times(self, *, streaming: bool, primary_dead: bool) -> Spread:
        """Return the times of the calls of one phase that were answered without repetition.

        For streams the time to first content, for the others the time to the whole answer.
        """
        chosen = [
            one.first_content if streaming else one.duration
            for one in self.outcomes
            if one.job.streaming is streaming
            and not one.failure
            and not one.recovered
            and not one.asked_again
            and self._scenario.is_primary_dead(one.job.at) is primary_dead
        ]
        return spread([time for time in chosen if time is not None])

    def marks(self, count: int) -> list[Mark]:
        """Return the worst mark of each of `count` equal intervals, as far as known."""
        marks = [Mark.PENDING] * count
        for outcome in self.outcomes:
            place = min(count - 1, int(outcome.job.at / self._scenario.duration * count))
            mark = Mark.ANSWERED
            if outcome.failure:
                mark = Mark.FAILED
            elif outcome.rerouted:
                mark = Mark.REROUTED
            marks[place] = max(marks[place], mark)
        return marks
