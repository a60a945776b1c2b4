"""The health of deployments, for each tenant of those that it can use."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.policies import Policy
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.fleet.fleet import Fleet
from routersvc.domain.fleet.health import Availability, DeploymentHealth, HealthState
from routersvc.domain.outcomes.errors import UnknownNameError, UnknownTenantError
from routersvc.domain.planning.model_listing import usable_deployments

T = TypeVar("T")


class HealthReports:
    """Reports health by one configuration. Without `tenants`, everyone sees every deployment."""

    def __init__(
        self,
        catalogue: Catalogue,
        policies: Mapping[str, Policy],
        tenants: Mapping[str, Tenant],
        fleet: Fleet,
    ) -> None:
        self._catalogue = catalogue
        self._policies = policies
        self._tenants = tenants
        self._fleet = fleet
        self._visible: dict[str | None, Mapping[str, Deployment]] = {}

    def of(
        self,
        tenant: str | None,
        now: float,
        *,
        providers: Collection[str],
        models: Collection[str],
        deployments: Collection[str],
        states: Collection[HealthState],
    ) -> tuple[DeploymentHealth, ...]:
        """Return the health of the deployments of a tenant, by name; `None`: of all deployments.

        Raises:
            UnknownTenantError: tenants are configured, and none has this name.
            UnknownNameError: a filter names what does not exist for this tenant.
        """
        visible = self._visible_to(tenant)
        _check_known("providers", providers, {each.provider.name for each in visible.values()})
        _check_known("models", models, {each.model.name for each in visible.values()})
        _check_known("deployments", deployments, visible)
        return tuple(
            health
            for name, deployment in visible.items()
            if _passes(deployment.provider.name, providers)
            and _passes(deployment.model.name, models)
            and _passes(name, deployments)
            and _passes((health := self._fleet.health(deployment, now)).state, states)
        )

    def availability(self, now: float) -> tuple[Availability, ...]:
        """Return what keeps calls away from each deployment, for gauges."""
        deployments = self._catalogue.deployments.values()
        return tuple(self._fleet.availability(deployment, now) for deployment in deployments)

    def _visible_to(self, tenant: str | None) -> Mapping[str, Deployment]:
        known = self._visible.get(tenant)
        if known is None:
            usable: Collection[str] = self._catalogue.deployments
            if self._tenants and tenant is not None:
                owner = self._tenants.get(tenant)
                if owner is None:
                    raise UnknownTenantError
                usable = usable_deployments(self._catalogue, self._policies, owner)
            known = {name: self._catalogue.deployments[name] for name in sorted(usable)}
            self._visible[tenant] = known
        return known


def _passes(value: T, wanted: Collection[T]) -> bool:
    return not wanted or value in wanted


def _check_known(field: str, names: Collection[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            raise UnknownNameError(field=field, name=name, known=sorted(known))
