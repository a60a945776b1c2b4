"""Ranks the eligible models by what the policy aims at: worth in dollars, or weights.

Models are ranked, not deployments: the deployments of one model differ in load alone, and sending
every call to the fastest of them would make it the slowest.

A model that fails is not an answer lost: another one takes over. So with both goals in dollars
quality, cost and latency are those that are expected with the failovers.

Every part of a score is a value from 0 to 1 times a weight. Under `WorthGoal` the weights are US
dollars, so that the score is the expected worth of the answer, less its cost and the time that it
takes, each counted as what is saved against the dearest and the slowest model. Under `SlackGoal`
a model that is good enough comes before every other one. Under `Weights` costs and latencies are
relative to the best model, whatever the level of prices. Missing a latency budget outweighs
everything else. An unknown price counts as the highest one. An unknown latency counts as the best
one, because only calls can measure it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

from routersvc.domain.catalogue.ranking_goals import RankingGoal, SlackGoal, WorthGoal
from routersvc.domain.catalogue.weights import Weights

_FAILED_SECONDS = 5.0
"""Seconds that a failed attempt is expected to cost the caller."""

HEALTH_WEIGHT = 1.0
"""The weight of the success rate, beside the weights of the policy."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RankingInput:
    """What is expected of one model for one request; `None` if unknown.

    `cost` is in US dollars. `latency` is in seconds: to the first content of a stream, to the end
    of a whole answer. `late` is the 95th percentile of the time to first content.
    """

    quality: float
    cost: float | None
    latency: float | None
    late: float | None = None
    success_rate: float | None = None

    @property
    def failure_rate(self) -> float:
        """The share of attempts that is expected to fail: none where nothing is known."""
        return 0.0 if self.success_rate is None else 1.0 - self.success_rate

    @property
    def right_answers(self) -> float:
        """The share of requests that it is expected to answer, and to answer right."""
        return self.quality if self.success_rate is None else self.quality * self.success_rate


class RankingWeights(NamedTuple):
    """The weights of the parts of a score, in US dollars if the goal is in dollars.

    `enough` is that of a quality which is at most the slack below the best.
    """

    quality: float
    cost: float
    latency: float
    health: float
    enough: float = 0.0

    @property
    def all(self) -> float:
        """The sum."""
        return self.quality + self.cost + self.latency + self.health + self.enough


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RankingScore:
    """The parts of one model's score, each from 0 (worst) to 1 (best), and their weights.

    `budget_weight` is the weight of keeping the latency budget: the most that the other parts of
    any model can sum up to.
    """

    quality: float
    cost: float
    latency: float
    health: float
    enough: bool = False
    keeps_latency_budget: bool
    weights: RankingWeights
    budget_weight: float

    @property
    def score(self) -> float:
        """The weighted sum."""
        weights = self.weights
        return (
            weights.quality * self.quality
            + weights.cost * self.cost
            + weights.latency * self.latency
            + weights.health * self.health
            + (weights.enough if self.enough else 0.0)
            + (self.budget_weight if self.keeps_latency_budget else 0.0)
        )


def ranking_scores(
    inputs: Sequence[RankingInput],
    goal: RankingGoal,
    *,
    tokens: int = 0,
    latency_budget: float | None = None,
) -> list[RankingScore]:
    """Return the scores of the models relative to each other, in the order given.

    `tokens` are those of prompt and answer. `latency_budget` is the time to first content in
    seconds that the caller can wait for.
    """
    match goal:
        case WorthGoal():
            return _by_worth(inputs, goal, tokens, latency_budget)
        case SlackGoal():
            return _by_slack(inputs, goal, latency_budget)
        case Weights():
            return _by_weights(inputs, goal, latency_budget)


def _by_worth(
    inputs: Sequence[RankingInput], goal: WorthGoal, tokens: int, budget: float | None
) -> list[RankingScore]:
    expected = _with_failures(inputs)
    worth = goal.of_right_answer(tokens)
    dearest, slowest = _dearest(expected), _slowest(expected)
    fastest = _saved(_fastest(expected), slowest, unknown=1.0)
    weights = RankingWeights(worth, dearest, slowest * goal.second_usd, 0.0)
    return [
        RankingScore(
            quality=each.quality,
            cost=_saved(each.cost, dearest, unknown=0.0),
            latency=_saved(each.latency, slowest, unknown=fastest),
            health=1.0 - each.failure_rate,
            keeps_latency_budget=_keeps(budget, each),
            weights=weights,
            budget_weight=weights.all,
        )
        for each in expected
    ]


def _with_failures(inputs: Sequence[RankingInput]) -> list[RankingInput]:
    """Return what is expected of each model where another one answers when it fails.

    That is the best one, for the price of the dearest.
    """
    if not any(each.failure_rate for each in inputs):
        return list(inputs)
    answers = sorted((each.right_answers for each in inputs), reverse=True)
    best, second = answers[0], answers[1] if len(answers) > 1 else 0.0
    dearest, fastest = _dearest(inputs), _fastest(inputs) or 0.0
    expected: list[RankingInput] = []
    for each in inputs:
        failures = each.failure_rate
        other = second if each.right_answers == best else best
        latency = fastest if each.latency is None else each.latency
        expected.append(
            dataclasses.replace(
                each,
                quality=each.quality - failures * max(0.0, each.quality - other),
                cost=None if each.cost is None else each.cost + failures * (dearest - each.cost),
                latency=latency + failures * _FAILED_SECONDS if failures else each.latency,
            )
        )
    return expected


def _by_slack(
    inputs: Sequence[RankingInput], goal: SlackGoal, budget: float | None
) -> list[RankingScore]:
    expected = _with_failures(inputs)
    dearest, slowest = _dearest(expected), _slowest(expected)
    fastest = _saved(_fastest(expected), slowest, unknown=1.0)
    least = max(each.quality for each in expected) - goal.slack
    seconds = slowest * goal.second_usd
    # Above the quality of a model that is not good enough, whatever the good one costs.
    good = RankingWeights(0.0, dearest, seconds, 0.0, enough=1.0)
    poor = RankingWeights(1.0, 0.0, 0.0, 0.0)
    scores: list[RankingScore] = []
    for each in expected:
        enough = each.quality >= least - _ROUNDING
        scores.append(
            RankingScore(
                quality=each.quality,
                cost=_saved(each.cost, dearest, unknown=0.0),
                latency=_saved(each.latency, slowest, unknown=fastest),
                health=1.0 - each.failure_rate,
                enough=enough,
                keeps_latency_budget=_keeps(budget, each),
                weights=good if enough else poor,
                budget_weight=good.all,
            )
        )
    return scores


_ROUNDING = 1e-12
"""Differences of qualities below this come from rounding."""


def _by_weights(
    inputs: Sequence[RankingInput], goal: Weights, budget: float | None
) -> list[RankingScore]:
    cheapest = min((each.cost for each in inputs if each.cost is not None), default=None)
    fastest = _fastest(inputs)
    weights = RankingWeights(goal.quality, goal.cost, goal.latency, HEALTH_WEIGHT)
    return [
        RankingScore(
            quality=each.quality,
            cost=_share_of(cheapest, each.cost, unknown=0.0),
            latency=_share_of(fastest, each.latency, unknown=1.0),
            health=1.0 if each.success_rate is None else each.success_rate,
            keeps_latency_budget=_keeps(budget, each),
            weights=weights,
            budget_weight=weights.all,
        )
        for each in inputs
    ]


def _keeps(budget: float | None, model: RankingInput) -> bool:
    return budget is None or model.late is None or model.late <= budget


def _dearest(inputs: Sequence[RankingInput]) -> float:
    return max((each.cost for each in inputs if each.cost is not None), default=0.0)


def _slowest(inputs: Sequence[RankingInput]) -> float:
    return max((each.latency for each in inputs if each.latency is not None), default=0.0)


def _fastest(inputs: Sequence[RankingInput]) -> float | None:
    return min((each.latency for each in inputs if each.latency is not None), default=None)


def _saved(value: float | None, highest: float, *, unknown: float) -> float:
    """Return the share of the highest value that a lower one saves, from 0 to 1."""
    if value is None:
        return unknown
    return 1.0 - value / highest if highest > 0 else 1.0


def _share_of(best: float | None, value: float | None, *, unknown: float) -> float:
    """Return the lowest value divided by `value`, from 0 to 1."""
    if value is None or best is None:
        return unknown
    return best / value if value > 0 else 1.0
