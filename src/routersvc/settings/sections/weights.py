"""What ranking aims at, in policies and tenants: the `weights` section and the keys in dollars."""

from __future__ import annotations

import itertools
from typing import Annotated, Protocol

from pydantic import Field

from routersvc.domain.catalogue.weights import WeightWishes
from routersvc.settings.types.fields import Section

Weight = Annotated[float, Field(ge=0, le=1_000)]
"""The weight of an objective relative to the others."""

WorthOfQuality = Annotated[float, Field(ge=0, le=1_000_000)]
"""US dollars that one right answer more is worth."""

Slack = Annotated[float, Field(ge=0, le=1)]
"""How far below the best an expected quality may be."""

WorthOfSecond = Annotated[float, Field(ge=0, le=1_000)]
"""US dollars that an answer one second earlier is worth."""

RANKING_KEYS = ("worth_of_quality_usd", "quality_slack", "weights")
"""The keys that exclude each other."""


class WeightsSection(Section):
    """Weights of the objectives in ranking; models are ranked by weights where one is set."""

    quality: Weight | None = Field(default=None, description="Weight of expected quality.")
    cost: Weight | None = Field(default=None, description="Weight of expected cost.")
    latency: Weight | None = Field(default=None, description="Weight of expected latency.")

    def value(self) -> WeightWishes:
        """Return the weights that are set."""
        return WeightWishes(**self.model_dump())


class RankingSection(Protocol):
    """A section that says what ranking aims at."""

    @property
    def worth_of_quality_usd(self) -> float | None:
        """US dollars, `None` if not set."""

    @property
    def quality_slack(self) -> float | None:
        """A difference of qualities, `None` if not set."""

    @property
    def weights(self) -> WeightsSection:
        """The weights, none of them set if models are not ranked by weights."""
        ...


def ranking_keys(section: RankingSection) -> tuple[str, ...]:
    """Return the keys that a section sets, of `RANKING_KEYS`."""
    is_set = (section.worth_of_quality_usd is not None, section.quality_slack is not None)
    return tuple(itertools.compress(RANKING_KEYS, (*is_set, bool(section.weights.value()))))
