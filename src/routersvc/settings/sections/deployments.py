"""The `deployments` section: one model at one provider in one region with one credential."""

from __future__ import annotations

from pydantic import Field

from routersvc.settings.sections.providers import ComplianceSection
from routersvc.settings.types.fields import Name, Ratio, Section, VisibleText


class DeploymentSection(Section):
    """One model at one provider: the target of an attempt."""

    provider: Name = Field(description="The provider that is called: a name under `providers`.")
    model: Name = Field(description="The model that it serves: a name under `models`.")
    wire_model: VisibleText | None = Field(
        default=None,
        description="The model name that is sent to the provider. If unset, the vendor's name of "
        "a known model, otherwise the name under `models`.",
    )
    credential: Name | None = Field(
        default=None,
        description="A name under the provider's `credentials`. Required if there are several.",
    )
    region: Name | None = Field(
        default=None,
        description="The region in which requests are processed, a name of your choice. If unset, "
        "the provider's.",
    )
    compliance: ComplianceSection = Field(
        default=ComplianceSection(),
        description="Contract terms of this deployment. Each key that is unset is taken from the "
        "provider.",
    )
    canary_share: Ratio | None = Field(
        default=None,
        description="Makes the deployment a canary: it takes this share of the requests for its "
        "model before the model's other deployments, always for the same sessions, "
        "and is otherwise used only for failover. If unset, it is balanced like any "
        "other deployment.",
    )
    enabled: bool = Field(default=True, description="`false` takes the deployment out of service.")
