"""The `weights` section of policies and tenants: quality, cost and latency in ranking."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from routersvc.domain.catalogue.weights import EVEN_WEIGHTS, Weights, WeightWishes
from routersvc.settings.types.fields import Section

Weight = Annotated[float, Field(ge=0, le=1_000)]
"""The weight of an objective relative to the others."""


class WeightsSection(Section):
    """Weights of the objectives in ranking."""

    quality: Weight = Field(default=EVEN_WEIGHTS.quality, description="Weight of expected quality.")
    cost: Weight = Field(default=EVEN_WEIGHTS.cost, description="Weight of expected cost.")
    latency: Weight = Field(default=EVEN_WEIGHTS.latency, description="Weight of expected latency.")

    def value(self) -> Weights:
        """Return the weights."""
        return Weights(**self.model_dump())


class TenantWeightsSection(Section):
    """Weights of the objectives in ranking. Each that is unset is taken from the policy."""

    quality: Weight | None = Field(default=None, description="Weight of expected quality.")
    cost: Weight | None = Field(default=None, description="Weight of expected cost.")
    latency: Weight | None = Field(default=None, description="Weight of expected latency.")

    def value(self) -> WeightWishes:
        """Return the weights that are set."""
        return WeightWishes(**self.model_dump())
