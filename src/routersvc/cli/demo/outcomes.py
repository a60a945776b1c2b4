"""Outcomes of the calls of the demo, and their statistics."""

from __future__ import annotations

import collections
import dataclasses
import enum
import math
from collections.abc import Sequence

from routersvc.cli.demo.scenario import PRIMARY, Job, Scenario


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """One attempt of a call: its provider and its result."""

    provider: str
    result: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The outcome of one call; times are in seconds after its start, `None` without an answer.

    `failure` says in a few words why there is no answer; it is empty where there is one.
    `recovered` says that its stream broke and the router had another provider start over,
    `asked_again` that the caller had to ask again.
    """

    job: Job
    failure: str = ""
    first_words: float | None = None
    duration: float | None = None
    recovered: bool = False
    asked_again: bool = False
    tried: tuple[Tried, ...] = ()

    @property
    def answered_by(self) -> str:
        """The provider that answered; empty without an answer."""
        return self.tried[-1].provider if self.tried and not self.failure else ""

    @property
    def rerouted(self) -> bool:
        """Whether another provider than the primary answered."""
        return self.answered_by not in {"", PRIMARY}

    @property
    def failed_over(self) -> bool:
        """Whether an attempt failed before another one answered."""
        return not self.failure and len(self.tried) > 1


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
        """Return the number of failed attempts by provider and failure."""
        found: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
        for outcome in self.outcomes:
            for tried in outcome.tried[:-1]:
                found[tried.provider][tried.result] += 1
        return {name: dict(counter.most_common()) for name, counter in sorted(found.items())}

    def times(self, *, streaming: bool, primary_dead: bool) -> Spread:
        """Return the times of the calls of one phase that were answered without repetition.

        For streams the time to first content, for the others the time to the whole answer.
        """
        chosen = [
            one.first_words if streaming else one.duration
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
