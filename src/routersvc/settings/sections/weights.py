"""How much quality, cost and latency count against each other, as policies and tenants state it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from routersvc.domain.catalogue.weights import (
    EVEN_WEIGHTS,
)
from routersvc.settings.types.fields import Section

Weight = Annotated[float, Field(ge=0, le=1_000)]
"""How much an objective counts beside the others."""


class WeightsSection(Section):
    """How much the objectives count in ranking."""

    quality: Weight = Field(default=EVEN_WEIGHTS.quality, description="Of expected quality.")
    cost: Weight = Field(default=EVEN_WEIGHTS.cost, description="Of expected cost.")
    latency: Weight = Field(default=EVEN_WEIGHTS.latency, description="Of expected latency.")


class TenantWeightsSection(Section):
    """How much the objectives count in ranking. What is left out is the policy's."""

    quality: Weight | None = Field(default=None, description="Of expected quality.")
    cost: Weight | None = Field(default=None, description="Of expected cost.")
    latency: Weight | None = Field(default=None, description="Of expected latency.")
