"""Checks that every name that the settings refer to exists and is unambiguous.

Reads the plain data, not the sections made of it, so that an error elsewhere in a section hides no
wrong name. Values that are already reported, or are not text, are skipped.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from routersvc.settings.document import SettingsDocument
from routersvc.settings.known_models.known_models import known_name, known_names
from routersvc.settings.problems import KeyPath, did_you_mean, listing, shown
from routersvc.settings.sections.auth import AuthKind
from routersvc.settings.sections.providers import DEFAULT_CREDENTIAL
from routersvc.settings.source.plain_data import PlainData
from routersvc.settings.source.problem_list import ProblemList
from routersvc.settings.wire_formats import WireFormat


def check_references(
    data: PlainData, wire_formats: Mapping[str, WireFormat], problems: ProblemList
) -> None:
    """Report every name that does not exist or is ambiguous."""
    checks = _References(data, problems)
    checks.check_wire_formats(wire_formats)
    checks.check_models()
    checks.check_deployments()
    checks.check_policies()
    checks.check_tenants()
    checks.check_constraints()


class _References:
    def __init__(self, data: PlainData, problems: ProblemList) -> None:
        self._data = data
        self._problems = problems
        self._models = data.keys(("models",))
        self._owners = self._alias_owners()

    def check_wire_formats(self, wire_formats: Mapping[str, WireFormat]) -> None:
        for provider in self._data.keys(("providers",)):
            path = ("providers", provider)
            self._check((*path, "wire_format"), "wire format", wire_formats)
            wire_format = wire_formats.get(self._data.text((*path, "wire_format")) or "")
            if wire_format is not None:
                self._check((*path, "dialect"), "dialect", wire_format.dialects)

    def check_models(self) -> None:
        for model in self._models:
            path = ("models", model)
            others = [name for name in self._models if name != model]
            self._check_each((*path, "equivalent_to"), "other model", others)
            self._check_known((*path, "from"))
            for place, alias in self._data.texts((*path, "aliases")):
                if alias in self._models:
                    self._problems.at_value(place, f"{shown(alias)} is already the name of a model")
                elif self._owners[alias] != model:
                    owner = shown(self._owners[alias])
                    self._problems.at_value(place, f"{shown(alias)} is already an alias of {owner}")

    def check_deployments(self) -> None:
        for deployment in self._data.keys(("deployments",)):
            path = ("deployments", deployment)
            self._check((*path, "provider"), "provider", self._data.keys(("providers",)))
            self._check_model((*path, "model"))
            self._check_credential(path)

    def check_policies(self) -> None:
        deployments = self._data.keys(("deployments",))
        deployed = {self._data.text(("deployments", name, "model")) for name in deployments}
        policies = self._data.keys(("policies",))
        tenants = self._data.keys(("tenants",))
        for policy in policies:
            path = ("policies", policy)
            self._check_each((*path, "deployments"), "deployment", deployments)
            for rule in self._data.items((*path, "rules")):
                self._check_each((*rule, "deployments"), "deployment", deployments)
                self._check_each((*rule, "match", "tenants"), "tenant", tenants)
            for place, model in self._data.texts((*path, "models")):
                self._check_model(place)
                if model in self._models and model not in deployed and None not in deployed:
                    self._problems.at_value(place, f"no deployment serves {shown(model)}")
        if policies:
            self._check_default_policy(policies)

    def check_tenants(self) -> None:
        policies = self._data.keys(("policies",))
        for tenant in self._data.keys(("tenants",)):
            path = ("tenants", tenant)
            self._check((*path, "policy"), "policy", policies)
            self._check_each((*path, "allowed_policies"), "policy", policies)
            self._check((*path, "budget", "downgrade", "policy"), "policy", policies)
            issuers = self._data.keys(("authentication", "tokens"))
            for issuer in self._data.keys((*path, "tokens")):
                if issuer not in issuers:
                    message = f"unknown issuer {shown(issuer)}{did_you_mean(issuer, issuers)}"
                    self._problems.at_key((*path, "tokens", issuer), message, listing(issuers))

    def check_constraints(self) -> None:
        providers = self._data.keys(("providers",))
        for holders in ("policies", "tenants"):
            for holder in self._data.keys((holders,)):
                for key in ("allowed_providers", "denied_providers"):
                    path = (holders, holder, "constraints", key)
                    self._check_each(path, "provider", providers)

    def _check_default_policy(self, policies: Collection[str]) -> None:
        path: KeyPath = ("default_policy",)
        default: str = SettingsDocument.model_fields["default_policy"].default
        if self._data.has(path):
            self._check(path, "policy", policies)
        elif default not in policies:
            message = f"is missing, and there is no policy {shown(default)}"
            self._problems.at_value(path, message, listing(policies))

    def _check_credential(self, path: KeyPath) -> None:
        """Report a credential that does not exist, or is missing while there are several.

        Never shows the value, which may be a secret by mistake.
        """
        provider = self._data.text((*path, "provider"))
        account: KeyPath = ("providers", provider or "")
        if provider is None or not self._data.has(account):
            return
        known = self._data.keys((*account, "credentials"))
        kind = self._data.text((*account, "auth", "kind"))
        if self._data.has((*account, "api_key")) or kind not in {None, AuthKind.KEY.value}:
            known = (DEFAULT_CREDENTIAL,)
        credential = self._data.text((*path, "credential"))
        if not self._data.has((*path, "credential")):
            if len(known) > 1:
                message = f"is missing: provider {shown(provider)} has several credentials"
                self._problems.at_value((*path, "credential"), message, listing(known))
        elif credential is not None and credential not in known:
            message = f"is not a credential of provider {shown(provider)}"
            self._problems.at_value((*path, "credential"), message, listing(known))

    def _check_model(self, path: KeyPath) -> None:
        name = self._data.text(path)
        owner = self._owners.get(name or "")
        if name is not None and owner is not None and name not in self._models:
            message = f"{shown(name)} is an alias; use the name of the model"
            self._problems.at_value(path, message, listing([owner]))
        else:
            self._check(path, "model", self._models)

    def _check_known(self, path: KeyPath) -> None:
        name = self._data.text(path)
        if name is not None and known_name(name) is None:
            known = known_names()
            message = f"{shown(name)} is not a known model{did_you_mean(name, known)}"
            self._problems.at_value(path, message, "names listed by `routersvc models --known`")

    def _alias_owners(self) -> dict[str, str]:
        """Return the first model with each alias."""
        owners: dict[str, str] = {}
        for model in self._models:
            for _, alias in self._data.texts(("models", model, "aliases")):
                owners.setdefault(alias, model)
        return owners

    def _check_each(self, path: KeyPath, what: str, known: Collection[str]) -> None:
        for place, _ in self._data.texts(path):
            self._check(place, what, known)

    def _check(self, path: KeyPath, what: str, known: Collection[str]) -> None:
        name = self._data.text(path)
        if name is not None and name not in known and not self._problems.has_value(path):
            message = f"unknown {what} {shown(name)}{did_you_mean(name, known)}"
            self._problems.at_value(path, message, listing(known))
