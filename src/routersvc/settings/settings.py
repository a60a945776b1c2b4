"""The loaded settings, and the domain values made from them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.policies import Policy
from routersvc.domain.catalogue.providers import Provider
from routersvc.domain.catalogue.secrets import Secret
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.catalogue.token_ratios import conservative_ratio
from routersvc.domain.explaining.remembered_decisions import DecisionRule
from routersvc.domain.fleet.active_checks import CheckRule
from routersvc.domain.fleet.attempt_budgets import BudgetRule
from routersvc.domain.fleet.breakers import BreakerRule
from routersvc.domain.fleet.concurrency import ConcurrencyRule
from routersvc.domain.fleet.disablements import RecheckRule
from routersvc.domain.fleet.reloading.fleet_rules import DeploymentRules, FleetRules
from routersvc.domain.profiling.identifiers import DataClassRule
from routersvc.settings.access_files import ServerCertificate, TokenIssuer
from routersvc.settings.document import SettingsDocument
from routersvc.settings.endpoints import Endpoint
from routersvc.settings.inheritance import inherited
from routersvc.settings.known_models import known_models
from routersvc.settings.sections.deployments import DeploymentSection
from routersvc.settings.sections.models import ModelSection
from routersvc.settings.sections.policies import PolicySection, with_defaults
from routersvc.settings.sections.providers import ProviderSection, credential_names
from routersvc.settings.sections.server import ServerSection
from routersvc.settings.sections.telemetry import TelemetrySection
from routersvc.settings.sections.tenants import tenant_of
from routersvc.settings.wire_formats import Dialect, WireFormat

_PROBE_PATIENCE = 1.25
"""A probe is an attempt, which ends by its own timeout; the margin covers clock differences."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """A valid settings file with its secrets; `digest` identifies its content.

    `document` is the file with its defaults. `endpoints` are by provider, `api_keys` by tenant;
    `tracing_headers` are sent to the collector of traces. `certificate` is that of the server.
    `files` are those that it refers to, with a hash of those that are read again later.
    """

    file: str
    document: SettingsDocument
    digest: str
    endpoints: Mapping[str, Endpoint]
    tracing_headers: Mapping[str, Secret]
    api_keys: Mapping[str, tuple[Secret, ...]]
    wire_formats: Mapping[str, WireFormat] = dataclasses.field(repr=False)
    certificate: ServerCertificate | None = None
    token_issuers: Mapping[str, TokenIssuer] = dataclasses.field(
        default_factory=dict[str, TokenIssuer]
    )
    files: Mapping[Path, str] = dataclasses.field(default_factory=dict[Path, str], repr=False)

    @property
    def server(self) -> ServerSection:
        """The `server` section."""
        return self.document.server

    @property
    def telemetry(self) -> TelemetrySection:
        """The `telemetry` section; `tracing_headers` holds its secrets."""
        return self.document.telemetry

    @property
    def default_policy(self) -> str:
        """The name of the policy of requests that name none."""
        return self.document.default_policy

    def catalogue(self) -> Catalogue:
        """Return all deployments, and the aliases of all models."""
        document = self.document
        providers = {
            name: self._provider(name, section) for name, section in document.providers.items()
        }
        models = {name: _model(name, section) for name, section in document.models.items()}
        vendors = {name: _vendor_name(name, section) for name, section in document.models.items()}
        return Catalogue(
            deployments={
                name: self._with_efforts(
                    _deployment(
                        name,
                        section,
                        document.providers[section.provider],
                        providers[section.provider],
                        models[section.model],
                        vendors[section.model],
                    ),
                    document.providers[section.provider],
                )
                for name, section in document.deployments.items()
            },
            aliases={
                alias: name
                for name, section in document.models.items()
                for alias in section.aliases
            },
        )

    def policies(self) -> dict[str, Policy]:
        """Return all policies by name, each completed with `policy_defaults`."""
        document = self.document
        return {
            name: _policy(
                name, with_defaults(section, document.policy_defaults), document.deployments
            )
            for name, section in document.policies.items()
        }

    def tenants(self) -> dict[str, Tenant]:
        """Return all tenants by name; none if there is no authentication."""
        return {name: tenant_of(name, section) for name, section in self.document.tenants.items()}

    def anonymous_tenant(self) -> str | None:
        """Return the name of the tenant of calls without an API key, `None` if there is none."""
        tenants = self.document.tenants
        return next((name for name, section in tenants.items() if section.anonymous), None)

    def data_class_rules(self) -> tuple[DataClassRule, ...]:
        """Return which identifiers indicate which classes of data; none disables detection."""
        return tuple(
            DataClassRule(
                data_class=name, kinds=frozenset(section.kinds), min_count=section.min_count
            )
            for name, section in self.document.detection.data_classes.items()
        )

    def decision_rule(self) -> DecisionRule:
        """Return how many decisions are kept, and for how long."""
        return DecisionRule(**self.document.server.decisions.model_dump())

    def fleet_rules(self) -> FleetRules:
        """Return the rules for all deployments, providers and policies."""
        fleet = self.document.fleet
        longest = max(policy.timeouts.attempt for policy in self.policies().values())
        breaker = fleet.breaker.model_dump()
        breaker["probe_timeout"] = fleet.breaker.probe_timeout or _PROBE_PATIENCE * longest
        return FleetRules(
            deployments=DeploymentRules(
                breaker=BreakerRule(**breaker),
                concurrency=ConcurrencyRule(**fleet.concurrency.model_dump()),
            ),
            budgets=BudgetRule(**fleet.budgets.model_dump()),
            rechecks=RecheckRule(**fleet.rechecks.model_dump()),
            checks=CheckRule(**fleet.checks.model_dump()),
        )

    def _with_efforts(self, deployment: Deployment, section: ProviderSection) -> Deployment:
        efforts = self._dialect(section).efforts(deployment.wire_model)
        return dataclasses.replace(deployment, expressible_efforts=efforts)

    def _dialect(self, section: ProviderSection) -> Dialect:
        wire_format = self.wire_formats[section.wire_format]
        return wire_format.dialects[section.dialect or wire_format.default_dialect]

    def _provider(self, name: str, section: ProviderSection) -> Provider:
        dialect = self._dialect(section)
        stops = section.cancel_stops_billing
        return Provider(
            name=name,
            wire_format=section.wire_format,
            cancel_stops_billing=dialect.cancel_stops_billing if stops is None else stops,
            expressible=dialect.expressible,
            wire_rules=dialect.rules,
        )


def _vendor_name(name: str, section: ModelSection) -> str:
    """Return the vendor's name of a known model, otherwise `name`."""
    known = known_models.known_name(section.source or name)
    return name if known is None else known_models.vendor_name(known)


def _model(name: str, own: ModelSection) -> Model:
    section = known_models.completed(name, own)
    if section is None or section.context_window is None:
        raise AssertionError("a file with a model without `context_window` is rejected")
    prices = section.prices
    return Model(
        name=name,
        context_window=section.context_window,
        max_output_tokens=section.max_output_tokens,
        capabilities=frozenset(section.capabilities),
        efforts=None if section.efforts is None else frozenset(section.efforts),
        prices=None if prices is None else prices.value(),
        tier=section.tier,
        equivalent_to=frozenset(section.equivalent_to),
        deprecated=section.deprecated,
        retires_on=section.retires_on,
        quality=section.quality.value(),
        token_ratio=section.token_ratio
        or conservative_ratio((name, _vendor_name(name, own), *section.aliases)),
    )


def _deployment(
    name: str,
    section: DeploymentSection,
    provider_section: ProviderSection,
    provider: Provider,
    model: Model,
    vendor_name: str,
) -> Deployment:
    compliance = inherited(section.compliance, provider_section.compliance)
    only_credential = next(iter(credential_names(provider_section)), "")
    wire_model = section.wire_model or vendor_name
    rules = provider.wire_rules
    return Deployment(
        name=name,
        provider=provider,
        model=model,
        wire_model=wire_model,
        credential=section.credential or only_credential,
        compliance=compliance.value(region=section.region or provider_section.region),
        enabled=section.enabled,
        canary_share=section.canary_share,
        maker=(rules.maker(wire_model) if rules else "") or f"provider/{provider.name}",
        plain_thoughts=rules is None or rules.takes_plain_thoughts(wire_model),
    )


def _policy(
    name: str, section: PolicySection, deployments: Mapping[str, DeploymentSection]
) -> Policy:
    of_models = tuple(
        deployment
        for model in section.models or ()
        for deployment, its in deployments.items()
        if its.model == model
    )
    return section.value(name, section.deployments or of_models)
