"""Which models a tenant can reach, by which deployments and through which policies."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping

from routersvc.domain.catalogue.capabilities import (
    Capability,
)
from routersvc.domain.catalogue.catalogue import (
    Catalogue,
)
from routersvc.domain.catalogue.constraints import (
    POLICY,
    TENANT,
    MergedConstraints,
    merged,
)
from routersvc.domain.catalogue.deployments import (
    Deployment,
)
from routersvc.domain.catalogue.models import (
    Model,
)
from routersvc.domain.catalogue.policies import (
    Policy,
)
from routersvc.domain.catalogue.tenants import (
    Tenant,
)
from routersvc.domain.outcomes.errors import (
    PolicyNotAllowedError,
    UnknownNameError,
    UnknownPolicyError,
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ModelFilter:
    """What is asked for; what is empty lets everything pass. `models` are names or aliases."""

    models: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()
    capabilities: frozenset[Capability] = frozenset()
    policy: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ListedModel:
    """A model that can be reached; all names are sorted."""

    model: Model
    aliases: tuple[str, ...]
    deployments: tuple[Deployment, ...]
    policies: tuple[str, ...]


def listed_models(
    catalogue: Catalogue, policies: Mapping[str, Policy], tenant: Tenant, wanted: ModelFilter
) -> tuple[ListedModel, ...]:
    """Return the models that pass a filter among those that a tenant can reach, by name.

    Raises:
        PolicyNotAllowedError: the filter names a policy that is not open to the tenant.
        UnknownPolicyError: it names one that does not exist.
        UnknownNameError: it names a model or a provider that the tenant cannot reach.
    """
    leading = _leading_policies(catalogue, _open_policies(policies, tenant, wanted.policy), tenant)
    reached = [catalogue.deployments[name] for name in sorted(leading)]
    named = _resolved(wanted.models, catalogue, {each.model.name for each in reached})
    _check("providers", wanted.providers, {each.provider.name for each in reached})
    passing: dict[str, list[Deployment]] = {}
    for deployment in reached:
        if (
            (not named or deployment.model.name in named)
            and (not wanted.providers or deployment.provider.name in wanted.providers)
            and wanted.capabilities <= deployment.capabilities
        ):
            passing.setdefault(deployment.model.name, []).append(deployment)
    return tuple(
        ListedModel(
            model=deployments[0].model,
            aliases=tuple(
                sorted(alias for alias, model in catalogue.aliases.items() if model == name)
            ),
            deployments=tuple(deployments),
            policies=tuple(
                sorted({policy for each in deployments for policy in leading[each.name]})
            ),
        )
        for name, deployments in sorted(passing.items())
    )


def admits(constraints: MergedConstraints, deployment: Deployment) -> bool:
    """Whether limits let a deployment serve a request of which nothing else is known."""
    compliance, provider = deployment.compliance, deployment.provider.name
    regions, providers = constraints.allowed_regions, constraints.allowed_providers
    return (
        (regions is None or compliance.region in regions)
        and (providers is None or provider in providers)
        and provider not in constraints.denied_providers
        and constraints.data_classes <= compliance.data_classes
        and (compliance.zero_data_retention or not constraints.zero_data_retention)
        and (compliance.no_training or not constraints.no_training)
    )


def _open_policies(policies: Mapping[str, Policy], tenant: Tenant, wanted: str) -> list[Policy]:
    if not wanted:
        return [policy for name, policy in policies.items() if tenant.may_use(name)]
    if not tenant.may_use(wanted):
        raise PolicyNotAllowedError(wanted, sorted(tenant.allowed_policies))
    if wanted not in policies:
        raise UnknownPolicyError(wanted, sorted(policies))
    return [policies[wanted]]


def _leading_policies(
    catalogue: Catalogue, policies: Collection[Policy], tenant: Tenant
) -> dict[str, set[str]]:
    """Return for each deployment that can be reached the names of the policies that lead to it."""
    leading: dict[str, set[str]] = {}
    for policy in policies:
        limits = merged([(TENANT, tenant.constraints), (POLICY, policy.constraints)])
        for name in policy.reachable:
            deployment = catalogue.deployments.get(name)
            if deployment is not None and admits(limits, deployment):
                leading.setdefault(name, set()).add(policy.name)
    return leading


def _resolved(
    names: Collection[str], catalogue: Catalogue, models: Collection[str]
) -> frozenset[str]:
    """Return models by their own names; what the caller cannot reach does not exist for it."""
    aliases = {alias: model for alias, model in catalogue.aliases.items() if model in models}
    _check("models", names, {*models, *aliases})
    return frozenset(aliases.get(name, name) for name in names)


def _check(field: str, names: Collection[str], known: Collection[str]) -> None:
    for name in sorted(names):
        if name not in known:
            raise UnknownNameError(field=field, name=name, known=sorted(known))
