"""The weights of quality, cost and latency in ranking, and their overrides."""

from __future__ import annotations

import dataclasses
import math


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """Relative weights of quality, cost and latency: at least 0, and not all 0."""

    quality: float = 1.0
    cost: float = 1.0
    latency: float = 1.0

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            if not 0 <= getattr(self, field.name) < math.inf:
                raise ValueError(f"`{field.name}` must be at least 0")
        if not self.quality + self.cost + self.latency > 0:
            raise ValueError("one of the weights must be above 0")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class WeightWishes:
    """Weights that a tenant or a request overrides; unset ones stay as they are."""

    quality: float | None = None
    cost: float | None = None
    latency: float | None = None

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            weight = getattr(self, field.name)
            if weight is not None and not 0 <= weight < math.inf:
                raise ValueError(f"`{field.name}` is at least 0, not {weight}")

    def __bool__(self) -> bool:
        """Whether any weight is set."""
        return (self.quality, self.cost, self.latency) != (None, None, None)


NO_WISHES = WeightWishes()


EVEN_WEIGHTS = Weights()


def weighed(weights: Weights, *wishes: WeightWishes) -> Weights:
    """Return the weights with the overrides of each of `wishes`, in order.

    Overrides that would make all weights 0 are ignored.
    """
    for wish in wishes:
        if wish:
            quality = weights.quality if wish.quality is None else wish.quality
            cost = weights.cost if wish.cost is None else wish.cost
            latency = weights.latency if wish.latency is None else wish.latency
            if quality + cost + latency > 0:
                weights = Weights(quality=quality, cost=cost, latency=latency)
    return weights
