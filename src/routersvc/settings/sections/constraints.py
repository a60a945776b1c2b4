"""The `constraints` section of policies and tenants: hard limits, named as in requests."""

from __future__ import annotations

from pydantic import Field

from routersvc.domain.catalogue.constraints import Constraints
from routersvc.settings.types.fields import Names, Section, UsDollars


class ConstraintsSection(Section):
    """Hard limits that a request can only tighten. A key that is unset limits nothing."""

    allowed_regions: Names = Field(
        default=(),
        description="Requests are processed only in these regions: values of `region` of "
        "providers and deployments. Empty allows all.",
    )
    data_classes: Names = Field(
        default=(),
        description="Classes of regulated data that every request is assumed to contain. Only "
        "deployments cleared for all of them are called.",
    )
    zero_data_retention: bool = Field(
        default=False, description="Only deployments with zero data retention are called."
    )
    no_training: bool = Field(
        default=False, description="Only deployments that do not train on requests are called."
    )
    allowed_providers: Names = Field(
        default=(),
        description="Only these providers are called: names under `providers`. Empty allows all.",
    )
    denied_providers: Names = Field(
        default=(), description="These providers are never called: names under `providers`."
    )
    max_cost_usd: UsDollars | None = Field(
        default=None,
        description="The highest expected cost of one answer, in US dollars. Deployments without "
        "known prices are not called. If unset, no limit.",
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
