"""Whether every name that the settings mention exists, and none stands for two things."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from routersvc.settings.deployments import DeploymentSection
from routersvc.settings.problem_list import ProblemList
from routersvc.settings.problems import KeyPath, did_you_mean, listing, shown
from routersvc.settings.providers import ProviderSection, credential_names
from routersvc.settings.sections import Sections
from routersvc.settings.wire_formats import WireFormat


def check_references(
    sections: Sections, wire_formats: Mapping[str, WireFormat], problems: ProblemList
) -> None:
    """Report every name that does not exist."""
    checks = _References(sections, problems)
    checks.check_wire_formats(wire_formats)
    checks.check_models()
    checks.check_deployments()
    checks.check_policies()


class _References:
    def __init__(self, sections: Sections, problems: ProblemList) -> None:
        self._sections = sections
        self._problems = problems

    def check_wire_formats(self, wire_formats: Mapping[str, WireFormat]) -> None:
        for name, provider in self._sections.providers.items():
            if provider is None:
                continue
            path = ("providers", name)
            self._check((*path, "wire_format"), "wire format", provider.wire_format, wire_formats)
            wire_format = wire_formats.get(provider.wire_format)
            if wire_format is not None and provider.dialect is not None:
                dialects = wire_format.dialects
                self._check((*path, "dialect"), "dialect", provider.dialect, dialects)

    def check_models(self) -> None:
        models = self._sections.models
        owners: dict[str, str] = {}
        for name, model in models.items():
            if model is None:
                continue
            others = models.keys() - {name}
            self._check_all(
                ("models", name, "equivalent_to"), "other model", model.equivalent_to, others
            )
            for at, alias in enumerate(model.aliases):
                path = ("models", name, "aliases", at)
                if alias in models:
                    self._problems.at_value(path, f"{shown(alias)} is the name of a model")
                elif alias in owners:
                    owner = shown(owners[alias])
                    self._problems.at_value(path, f"{shown(alias)} is an alias of {owner} already")
                else:
                    owners[alias] = name

    def check_deployments(self) -> None:
        for name, deployment in self._sections.deployments.items():
            if deployment is None:
                continue
            path = ("deployments", name)
            providers = self._sections.providers
            self._check((*path, "provider"), "provider", deployment.provider, providers)
            self._check_model((*path, "model"), deployment.model)
            provider = providers.get(deployment.provider)
            if provider is not None:
                self._check_credential(name, deployment, provider)

    def check_policies(self) -> None:
        sections = self._sections
        if sections.default_policy is not None and sections.policies:
            self._check(("default_policy",), "policy", sections.default_policy, sections.policies)
        deployed = {
            deployment.model
            for deployment in sections.deployments.values()
            if deployment is not None
        }
        all_are_readable = None not in sections.deployments.values()
        for name, policy in sections.policies.items():
            if policy is None:
                continue
            path = ("policies", name)
            self._check_all(
                (*path, "deployments"),
                "deployment",
                policy.deployments or (),
                sections.deployments,
            )
            for at, model in enumerate(policy.models or ()):
                place = (*path, "models", at)
                self._check_model(place, model)
                if model in sections.models and model not in deployed and all_are_readable:
                    self._problems.at_value(
                        place, f"no deployment serves {shown(model)}", listing(sorted(deployed))
                    )

    def _check_credential(
        self, name: str, deployment: DeploymentSection, provider: ProviderSection
    ) -> None:
        """Report a credential that does not exist, or a choice that is left open.

        Never repeats the value: who mistakes names for secrets puts one here.
        """
        path = ("deployments", name, "credential")
        known = credential_names(provider)
        provider_name = shown(deployment.provider)
        if deployment.credential is None:
            if len(known) > 1:
                self._problems.at_value(
                    path, f"is missing: {provider_name} has several", listing(known)
                )
        elif deployment.credential not in known:
            self._problems.at_value(path, f"names no credential of {provider_name}", listing(known))

    def _check_model(self, path: KeyPath, name: str) -> None:
        models = self._sections.models
        for owner, model in models.items():
            if name not in models and model is not None and name in model.aliases:
                self._problems.at_value(
                    path, f"{shown(name)} is an alias; name the model itself", listing([owner])
                )
                return
        self._check(path, "model", name, models)

    def _check_all(
        self, path: KeyPath, what: str, names: Iterable[str], known: Collection[str]
    ) -> None:
        for at, name in enumerate(names):
            self._check((*path, at), what, name, known)

    def _check(self, path: KeyPath, what: str, name: str, known: Collection[str]) -> None:
        if name not in known:
            hint = did_you_mean(name, known)
            message = f"no {what} is called {shown(name)}{hint}"
            self._problems.at_value(path, message, listing(known))
