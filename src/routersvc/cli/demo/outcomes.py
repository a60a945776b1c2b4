"""What became of the calls of the demo, and the figures that are made of it."""

from __future__ import annotations

import collections
import dataclasses
import enum
import math
from collections.abc import Sequence

from routersvc.cli.demo.scenario import PRIMARY, Job, Scenario


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """One attempt that was made for a call: at whom, and what came of it, in a word."""

    provider: str
    result: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one call; times are in seconds after it was made, `None` without an answer.

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
        """The provider whose answer it is; empty without an answer."""
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
    """What is to be seen of the calls of one moment; the greater covers the smaller."""

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
    """Return quantiles by nearest rank: each is a time that was measured."""
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
        """Take an outcome."""
        self.outcomes.append(outcome)

    @property
    def failed(self) -> int:
        """How many calls have no answer."""
        return sum(bool(outcome.failure) for outcome in self.outcomes)

    @property
    def rerouted(self) -> int:
        """How many calls were answered by another provider than the primary."""
        return sum(outcome.rerouted for outcome in self.outcomes)

    @property
    def failovers(self) -> int:
        """How many calls were answered after an attempt had failed."""
        return sum(outcome.failed_over for outcome in self.outcomes)

    @property
    def recovered(self) -> int:
        """How many streams broke and were recovered by the router."""
        return sum(outcome.recovered for outcome in self.outcomes)

    @property
    def asked_again(self) -> int:
        """How many calls were made again because their stream broke."""
        return sum(outcome.asked_again for outcome in self.outcomes)

    def failures(self) -> dict[str, int]:
        """Return how many calls failed in which way, the most frequent first."""
        counter = collections.Counter(one.failure for one in self.outcomes if one.failure)
        return dict(counter.most_common())

    def answered_by(self) -> dict[str, int]:
        """Return how many calls each provider answered, by name."""
        counter = collections.Counter(one.answered_by for one in self.outcomes if one.answered_by)
        return dict(sorted(counter.items()))

    def lost_attempts(self) -> dict[str, dict[str, int]]:
        """Return how many attempts failed, by provider and by what they failed of."""
        found: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
        for outcome in self.outcomes:
            for tried in outcome.tried[:-1]:
                found[tried.provider][tried.result] += 1
        return {name: dict(counter.most_common()) for name, counter in sorted(found.items())}

    def times(self, *, streaming: bool, primary_dead: bool) -> Spread:
        """Return the times of the calls that were answered at once, made while a phase lasted.

        For streams the time to the first words, for the others the time to the whole answer.
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
        """Return the worst of each of `count` equal stretches of time, as far as it is known."""
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
