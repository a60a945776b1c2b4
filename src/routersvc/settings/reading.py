"""Validates the sections of a file, as many as are valid.

A section with an error is `None` and keeps its name, so that all other checks still run and an
operator sees all problems at once.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import TypeVar, cast

from pydantic import ValidationError

from routersvc.settings.document import SettingsDocument
from routersvc.settings.known_models.known_models import completed
from routersvc.settings.schema.translation import translate
from routersvc.settings.sections.authentication import AuthenticationSection
from routersvc.settings.sections.deployments import DeploymentSection
from routersvc.settings.sections.fleet import FleetSection
from routersvc.settings.sections.models import ModelSection
from routersvc.settings.sections.policies import PolicyDefaultsSection, PolicySection, with_defaults
from routersvc.settings.sections.providers import ProviderSection
from routersvc.settings.sections.server import ServerSection
from routersvc.settings.sections.telemetry import TelemetrySection
from routersvc.settings.sections.tenants import TenantSection
from routersvc.settings.source.problem_list import ProblemList
from routersvc.settings.source.yaml_source import YamlDocument
from routersvc.settings.types.fields import Section

S = TypeVar("S", bound=Section)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Sections:
    """The valid sections of a file; `document` is set if all sections are valid."""

    document: SettingsDocument | None
    providers: Mapping[str, ProviderSection | None]
    models: Mapping[str, ModelSection | None]
    deployments: Mapping[str, DeploymentSection | None]
    policies: Mapping[str, PolicySection | None]
    policy_defaults: PolicyDefaultsSection | None
    tenants: Mapping[str, TenantSection | None]
    authentication: AuthenticationSection | None
    fleet: FleetSection | None
    server: ServerSection | None
    telemetry: TelemetrySection | None

    def effective_models(self) -> dict[str, ModelSection | None]:
        """Return the models completed with known facts; `None` if the context window is missing."""
        return {
            name: None if model is None else completed(name, model)
            for name, model in self.models.items()
        }

    def effective_policies(self) -> dict[str, PolicySection]:
        """Return the valid policies, completed with `policy_defaults`."""
        if self.policy_defaults is None:
            return {}
        return {
            name: with_defaults(policy, self.policy_defaults)
            for name, policy in self.policies.items()
            if policy is not None
        }


def read_sections(source: YamlDocument, problems: ProblemList) -> Sections:
    """Validate all sections of a file and report their problems."""
    document = _read(source.content, SettingsDocument, problems)
    if document is not None:
        return Sections(
            document=document,
            providers=document.providers,
            models=document.models,
            deployments=document.deployments,
            policies=document.policies,
            policy_defaults=document.policy_defaults,
            tenants=document.tenants,
            authentication=document.authentication,
            fleet=document.fleet,
            server=document.server,
            telemetry=document.telemetry,
        )
    content = _mapping(source.content)
    return Sections(
        document=None,
        providers=_read_each(content.get("providers"), ProviderSection),
        models=_read_each(content.get("models"), ModelSection),
        deployments=_read_each(content.get("deployments"), DeploymentSection),
        policies=_read_each(content.get("policies"), PolicySection),
        policy_defaults=_read(content.get("policy_defaults", {}), PolicyDefaultsSection),
        tenants=_read_each(content.get("tenants"), TenantSection),
        authentication=_read(content.get("authentication", {}), AuthenticationSection),
        fleet=_read(content.get("fleet", {}), FleetSection),
        server=_read(content.get("server", {}), ServerSection),
        telemetry=_read(content.get("telemetry", {}), TelemetrySection),
    )


def _read(content: object, section: type[S], problems: ProblemList | None = None) -> S | None:
    """Validate one section, as JSON: then lists become tuples even in strict mode."""
    try:
        return section.model_validate_json(json.dumps(content))
    except ValidationError as error:
        if problems is not None:
            translate(error, problems)
        return None


def _read_each(content: object, section: type[S]) -> dict[str, S | None]:
    return {name: _read(value, section) for name, value in _mapping(content).items()}


def _mapping(content: object) -> dict[str, object]:
    return cast("dict[str, object]", content) if isinstance(content, dict) else {}
