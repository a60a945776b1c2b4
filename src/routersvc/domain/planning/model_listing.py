"""Which models a tenant can use, on which deployments and through which policies."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.constraints import POLICY, TENANT, MergedConstraints, merged
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.policies import Policy
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.outcomes.errors import (
    PolicyNotAllowedError,
    UnknownNameError,
    UnknownPolicyError,
)
from routersvc.domain.planning.exclusions import is_excluded
from routersvc.domain.planning.limits import FixedLimits


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ModelFilter:
    """Filters of a listing; an empty one passes everything. `models` are names or aliases."""

    models: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()
    capabilities: frozenset[Capability] = frozenset()
    policy: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ListedModel:
    """A model that a tenant can use; all names are sorted."""

    model: Model
    aliases: tuple[str, ...]
    deployments: tuple[Deployment, ...]
    policies: tuple[str, ...]


def listed_models(
    catalogue: Catalogue, policies: Mapping[str, Policy], tenant: Tenant, wanted: ModelFilter
) -> tuple[ListedModel, ...]:
    """Return the models that a tenant can use and that pass a filter, by name.

    Raises:
        PolicyNotAllowedError: the filter names a policy that the tenant may not use.
        UnknownPolicyError: it names one that does not exist.
        UnknownNameError: it names a model or a provider that the tenant cannot use.
    """
    by_deployment = _policies_by_deployment(
        catalogue, _open_policies(policies, tenant, wanted.policy), tenant
    )
    usable = [catalogue.deployments[name] for name in sorted(by_deployment)]
    named = _resolved(wanted.models, catalogue, {each.model.name for each in usable})
    _check("providers", wanted.providers, {each.provider.name for each in usable})
    passing: dict[str, list[Deployment]] = {}
    for deployment in usable:
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
                sorted({policy for each in deployments for policy in by_deployment[each.name]})
            ),
        )
        for name, deployments in sorted(passing.items())
    )


def usable_deployments(
    catalogue: Catalogue, policies: Mapping[str, Policy], tenant: Tenant
) -> frozenset[str]:
    """Return the names of the deployments that a tenant can use through any of its policies."""
    return frozenset(
        _policies_by_deployment(catalogue, _open_policies(policies, tenant, ""), tenant)
    )


def admits(constraints: MergedConstraints, deployment: Deployment) -> bool:
    """Whether constraints let a deployment serve a request that needs nothing in particular.

    A deployment that is disabled counts as enabled: listings show it, with its state.
    """
    fixed = FixedLimits.of(constraints, listed=(deployment.name,))
    return not is_excluded(dataclasses.replace(deployment, enabled=True), fixed)


def _open_policies(policies: Mapping[str, Policy], tenant: Tenant, wanted: str) -> list[Policy]:
    if not wanted:
        return [policy for name, policy in policies.items() if tenant.may_use(name)]
    if not tenant.may_use(wanted):
        raise PolicyNotAllowedError(wanted, sorted(tenant.allowed_policies))
    if wanted not in policies:
        raise UnknownPolicyError(wanted, sorted(policies))
    return [policies[wanted]]


def _policies_by_deployment(
    catalogue: Catalogue, policies: Collection[Policy], tenant: Tenant
) -> dict[str, set[str]]:
    """Return the policies that can use a deployment, by the name of the deployment."""
    by_deployment: dict[str, set[str]] = {}
    for policy in policies:
        limits = merged([(TENANT, tenant.constraints), (POLICY, policy.constraints)])
        for name in policy.reachable:
            deployment = catalogue.deployments.get(name)
            if deployment is not None and admits(limits, deployment):
                by_deployment.setdefault(name, set()).add(policy.name)
    return by_deployment


def _resolved(
    names: Collection[str], catalogue: Catalogue, models: Collection[str]
) -> frozenset[str]:
    """Return models by their own names; models that the caller cannot use are unknown names."""
    aliases = {alias: model for alias, model in catalogue.aliases.items() if model in models}
    _check("models", names, {*models, *aliases})
    return frozenset(aliases.get(name, name) for name in names)


def _check(field: str, names: Collection[str], known: Collection[str]) -> None:
    for name in sorted(names):
        if name not in known:
            raise UnknownNameError(field=field, name=name, known=sorted(known))
