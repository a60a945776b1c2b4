"""A tenant sees the health of the deployments that it may use, and no one else's."""

from __future__ import annotations

import pytest

from routersvc.domain.catalogue.constraints import Constraints
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.outcomes.errors import UnknownNameError, UnknownTenantError
from routersvc.testing.scripted import answer
from routersvc.testing.worlds import World

TENANTS = [
    Tenant(name="all"),
    Tenant(name="some", constraints=Constraints(allowed_providers=frozenset({"a"}))),
    Tenant(name="none", allowed_policies=frozenset({"another"})),
]


def world() -> World:
    """Return a router with two deployments, `a` and `b`."""
    return World({"a": [answer("x")], "b": [answer("x")]}, tenants=TENANTS)


def seen(tenant: str | None, **filters: tuple[str, ...]) -> list[str]:
    """Return the names of the deployments whose health a tenant sees."""
    health = world().router.health(tenant=tenant, **filters)  # type: ignore[arg-type] # names alone
    return [each.deployment.name for each in health]


@pytest.mark.parametrize(
    ("tenant", "names"), [("all", ["a", "b"]), ("some", ["a"]), ("none", []), (None, ["a", "b"])]
)
async def test_tenant_sees_what_it_may_use(tenant: str | None, names: list[str]) -> None:
    """By its policies and its constraints; the operator sees everything."""
    assert seen(tenant) == names


async def test_name_of_anothers_deployment_is_unknown() -> None:
    """That it exists is not told, nor which others do."""
    with pytest.raises(UnknownNameError) as caught:
        seen("some", deployments=("b",))

    assert tuple(caught.value.known) == ("a",)


async def test_unknown_tenant_sees_nothing() -> None:
    """As in every other method."""
    with pytest.raises(UnknownTenantError):
        seen("nobody")
