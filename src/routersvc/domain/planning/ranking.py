"""Ranks the eligible models by a weighted sum of quality, cost, latency and health.

Models are ranked, not deployments: the deployments of one model differ in load alone, and sending
every call to the fastest of them would make it the slowest.

Every part is a value from 0 to 1, relative to the best model, so that weights do not depend on the
level of prices. Missing a latency budget outweighs everything else. An unknown price counts as the
highest one. An unknown latency counts as the best one, because only calls can measure it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from routersvc.domain.catalogue.weights import Weights

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


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RankingScore:
    """The parts of one model's score, each from 0 (worst) to 1 (best)."""

    quality: float
    cost: float
    latency: float
    health: float
    keeps_latency_budget: bool
    weights: Weights

    @property
    def score(self) -> float:
        """The weighted sum."""
        weights = self.weights
        return (
            weights.quality * self.quality
            + weights.cost * self.cost
            + weights.latency * self.latency
            + HEALTH_WEIGHT * self.health
            + (self.budget_weight if self.keeps_latency_budget else 0.0)
        )

    @property
    def budget_weight(self) -> float:
        """The weight of keeping the latency budget: the sum of all other weights."""
        weights = self.weights
        return weights.quality + weights.cost + weights.latency + HEALTH_WEIGHT


def ranking_scores(
    inputs: Sequence[RankingInput], weights: Weights, *, latency_budget: float | None = None
) -> list[RankingScore]:
    """Return the scores of the models relative to each other, in the order given.

    `latency_budget` is the time to first content in seconds that the caller can wait for.
    """
    cheapest = min((each.cost for each in inputs if each.cost is not None), default=None)
    fastest = min((each.latency for each in inputs if each.latency is not None), default=None)
    return [
        RankingScore(
            quality=each.quality,
            cost=_share_of(cheapest, each.cost, unknown=0.0),
            latency=_share_of(fastest, each.latency, unknown=1.0),
            health=1.0 if each.success_rate is None else each.success_rate,
            keeps_latency_budget=latency_budget is None
            or each.late is None
            or each.late <= latency_budget,
            weights=weights,
        )
        for each in inputs
    ]


def _share_of(best: float | None, value: float | None, *, unknown: float) -> float:
    """Return the lowest value divided by `value`, from 0 to 1."""
    if value is None or best is None:
        return unknown
    return best / value if value > 0 else 1.0
