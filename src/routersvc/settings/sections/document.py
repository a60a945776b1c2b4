"""The whole of a settings file as one frozen value: every key, every default, in one place."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from routersvc.settings.sections.deployments import DeploymentSection
from routersvc.settings.sections.detection import DetectionSection
from routersvc.settings.sections.fleet import FleetSection
from routersvc.settings.sections.models import ModelSection
from routersvc.settings.sections.policies import PolicyDefaultsSection, PolicySection
from routersvc.settings.sections.providers import ProviderSection
from routersvc.settings.sections.server import ServerSection
from routersvc.settings.sections.telemetry import TelemetrySection
from routersvc.settings.sections.tenants import TenantSection
from routersvc.settings.types.fields import Name, Section


class SettingsDocument(Section):
    """What the service is told to do."""

    providers: Mapping[Name, ProviderSection] = Field(
        min_length=1, description="API accounts and self-hosted servers, by names of your own."
    )
    models: Mapping[Name, ModelSection] = Field(
        min_length=1, description="The catalogue: facts of the models, by name."
    )
    deployments: Mapping[Name, DeploymentSection] = Field(
        min_length=1, description="Which model is called where, by names of your own."
    )
    policies: Mapping[Name, PolicySection] = Field(
        min_length=1,
        description="Routing rules, by names of your own; every key of `policy_defaults` can stand "
        "in them too.",
    )
    default_policy: Name = Field(
        default="default", description="The policy of requests that name none."
    )
    policy_defaults: PolicyDefaultsSection = Field(
        default=PolicyDefaultsSection(),
        description="Rules of all policies that do not say otherwise.",
    )
    tenants: Mapping[Name, TenantSection] = Field(
        default={},
        description="Owners of requests, by names of your own. Left out: everybody may call, with "
        "every policy.",
    )
    fleet: FleetSection = Field(
        default=FleetSection(),
        description="Rules that hold for every deployment, provider and policy.",
    )
    detection: DetectionSection = Field(
        default=DetectionSection(),
        description="Which identifiers in a prompt make it of a class of regulated data.",
    )
    server: ServerSection = Field(default=ServerSection(), description="The gRPC server.")
    telemetry: TelemetrySection = Field(
        default=TelemetrySection(), description="What the router tells of itself."
    )
