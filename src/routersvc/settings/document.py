"""The whole settings file as one frozen value, with the keys at the top level."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from routersvc.settings.sections.authentication import AuthenticationSection
from routersvc.settings.sections.decision_log import DecisionLogSection
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
    """The configuration of the service."""

    providers: Mapping[Name, ProviderSection] = Field(
        min_length=1,
        description="API accounts at vendors and self-hosted servers, by names of your choice.",
    )
    models: Mapping[Name, ModelSection] = Field(
        min_length=1, description="The model catalogue, by model name."
    )
    deployments: Mapping[Name, DeploymentSection] = Field(
        min_length=1, description="Models at providers, by names of your choice."
    )
    policies: Mapping[Name, PolicySection] = Field(
        min_length=1,
        description="Routing rules, by names of your choice. Each policy can also set every key "
        "of `policy_defaults`.",
    )
    default_policy: Name = Field(
        default="default", description="The policy of requests that name none."
    )
    policy_defaults: PolicyDefaultsSection = Field(
        default=PolicyDefaultsSection(),
        description="Values of all keys that a policy does not set itself.",
    )
    tenants: Mapping[Name, TenantSection] = Field(
        default={},
        description="The owners of requests, by names of your choice. Empty disables "
        "authentication: every caller can use every policy.",
    )
    authentication: AuthenticationSection = Field(
        default=AuthenticationSection(),
        description="How callers are authenticated, apart from the API keys and names of each "
        "tenant.",
    )
    fleet: FleetSection = Field(
        default=FleetSection(),
        description="Rules for all deployments, providers and policies.",
    )
    detection: DetectionSection = Field(
        default=DetectionSection(),
        description="Detection of identifiers that put a prompt into a class of regulated data.",
    )
    server: ServerSection = Field(default=ServerSection(), description="The gRPC server.")
    telemetry: TelemetrySection = Field(
        default=TelemetrySection(),
        description="Logs, metrics and traces. None of them contains prompts, answers or secrets.",
    )
    decision_log: DecisionLogSection = Field(
        default=DecisionLogSection(),
        description="Every decision that has ended, in files. Off unless a `directory` is set: a "
        "service must not fill a disk that nobody has assigned to it.",
    )
