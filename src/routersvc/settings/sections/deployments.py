"""The `deployments` section: one model at one provider in one region with one credential."""

from __future__ import annotations

from pydantic import Field

from routersvc.settings.sections.providers import ComplianceSection
from routersvc.settings.types.fields import Name, Ratio, Section, VisibleText


class DeploymentSection(Section):
    """What an attempt is made on."""

    provider: Name = Field(description="Where: a name under `providers`.")
    model: Name = Field(description="What: a name under `models`.")
    wire_model: VisibleText | None = Field(
        default=None,
        description="How the provider calls the model. Left out: as its vendor calls a known "
        "model, else the model's name here.",
    )
    credential: Name | None = Field(
        default=None,
        description="A name under the provider's `credentials`. Needed where there are several.",
    )
    region: Name | None = Field(
        default=None,
        description="Where requests are processed, by a name of your own. "
        "Left out: the provider's.",
    )
    compliance: ComplianceSection = Field(
        default=ComplianceSection(),
        description="What is contracted for this deployment. Each key left out: the provider's.",
    )
    canary_share: Ratio | None = Field(
        default=None,
        description="While it is tried out: the share of the requests for its model that it takes "
        "before the other deployments of that model, the same sessions every time. It then stands "
        "in for the others only. Left out: it takes part like any other.",
    )
    enabled: bool = Field(
        default=True, description="`false` takes it out of service and leaves it in place."
    )
