"""Hard limits as policies and tenants state them, in the words of the requests' own constraints."""

from __future__ import annotations

from pydantic import Field

from routersvc.domain.catalogue.constraints import (
    Constraints,
)
from routersvc.settings.types.fields import Names, Section, UsDollars


class ConstraintsSection(Section):
    """Hard limits that a request can only tighten. What is left out limits nothing."""

    allowed_regions: Names = Field(
        default=(),
        description="Requests are processed in these regions only: names that providers and "
        "deployments state as their `region`.",
    )
    data_classes: Names = Field(
        default=(),
        description="Classes of regulated data that every request is taken to hold; only "
        "deployments cleared for all of them are called.",
    )
    zero_data_retention: bool = Field(
        default=False, description="Only deployments that keep nothing are called."
    )
    no_training: bool = Field(
        default=False, description="Only deployments that do not train on requests are called."
    )
    allowed_providers: Names = Field(
        default=(), description="Only these are called: names under `providers`."
    )
    denied_providers: Names = Field(
        default=(), description="These are never called: names under `providers`."
    )
    max_cost_usd: UsDollars | None = Field(
        default=None,
        description="What one answer may be expected to cost. Deployments without known prices "
        "are not called then.",
    )

    def value(self) -> Constraints:
        """Return the limits."""
        return Constraints(
            allowed_regions=frozenset(self.allowed_regions),
            data_classes=frozenset(self.data_classes),
            zero_data_retention=self.zero_data_retention,
            no_training=self.no_training,
            allowed_providers=frozenset(self.allowed_providers),
            denied_providers=frozenset(self.denied_providers),
            max_cost_usd=self.max_cost_usd,
        )
