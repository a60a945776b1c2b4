"""Ranks what the constraints have left: expected quality, cost, latency and health, by weights.

Models are ranked, not deployments: those of one model differ in load alone, and whoever sent every
call to the one that is fastest at this moment would make it the slowest. They share the place of
their model (`equals`).

Every part is a value from 0 to 1, relative to the best of the models at hand, so that weights mean
the same whatever the prices. A score is the weighted sum; a latency budget that would be missed
outweighs everything else. What is not known: a price counts as the dearest, a latency as the best,
because only who is tried becomes known.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from routersvc.domain.catalogue.weights import (
    Weights,
)

HEALTH_WEIGHT = 1.0
"""What the success rate counts beside the policy's weights."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Prospect:
    """What is expected of one model for one request; `None` where nothing is known.

    `cost` is US dollars, `latency` seconds: to the first content of a stream, to the end of a whole
    answer. `late` is the time to first content that one in twenty exceeds.
    """

    quality: float
    cost: float | None
    latency: float | None
    late: float | None = None
    success_rate: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
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
        """What keeping the latency budget counts: more than everything else together."""
        weights = self.weights
        return weights.quality + weights.cost + weights.latency + HEALTH_WEIGHT


def standings(
    prospects: Sequence[Prospect], weights: Weights, *, latency_budget: float | None = None
) -> list[Standing]:
    """Return how the models stand against each other, in the order given.

    `latency_budget` is the time to first content in seconds that the caller can wait for.
    """
    cheapest = min((each.cost for each in prospects if each.cost is not None), default=None)
    fastest = min((each.latency for each in prospects if each.latency is not None), default=None)
    return [
        Standing(
            quality=each.quality,
            cost=_share_of(cheapest, each.cost, unknown=0.0),
            latency=_share_of(fastest, each.latency, unknown=1.0),
            health=1.0 if each.success_rate is None else each.success_rate,
            keeps_latency_budget=latency_budget is None
            or each.late is None
            or each.late <= latency_budget,
            weights=weights,
        )
        for each in prospects
    ]


def _share_of(best: float | None, value: float | None, *, unknown: float) -> float:
    """Return how near a value comes to the best one, where less is better."""
    if value is None or best is None:
        return unknown
    return best / value if value > 0 else 1.0
