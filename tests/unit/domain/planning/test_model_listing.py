"""A tenant sees what it can reach, and nothing else."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.constraints import TENANT, Constraints, merged
from routersvc.domain.catalogue.deployments import Compliance, Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.policies import Policy
from routersvc.domain.catalogue.tenants import ANONYMOUS, Tenant
from routersvc.domain.outcomes.errors import (
    PolicyNotAllowedError,
    UnknownNameError,
    UnknownPolicyError,
)
from routersvc.domain.planning.exclusions import exclusions
from routersvc.domain.planning.model_listing import ModelFilter, admits, listed_models
from routersvc.domain.planning.planner import Planner
from routersvc.testing.worlds import scripted_deployment, scripted_policy, scripted_request

EVERYTHING = ModelFilter()
SEES = frozenset({Capability.STREAMING, Capability.IMAGE_INPUT})


def deployment(name: str, *, model: str, region: str, provider: str = "p") -> Deployment:
    """Return a deployment of a model that can see where its name says so."""
    can = SEES if model == "seeing" else frozenset({Capability.STREAMING})
    made = scripted_deployment(
        name, provider=provider, model=Model(name=model, context_window=100, capabilities=can)
    )
    return dataclasses.replace(made, compliance=Compliance(region=region))


DEPLOYMENTS = (
    deployment("plain-eu", model="plain", region="eu"),
    deployment("plain-us", model="plain", region="us", provider="q"),
    deployment("seeing-us", model="seeing", region="us"),
    deployment("unlisted", model="other", region="eu"),
)
CATALOGUE = Catalogue(
    deployments={each.name: each for each in DEPLOYMENTS}, aliases={"eyes": "seeing"}
)


def policy(name: str, *deployments: str, **limits: frozenset[str]) -> Policy:
    """Return a policy with limits of its own."""
    return dataclasses.replace(
        scripted_policy(deployments),
        name=name,
        constraints=dataclasses.replace(Constraints(), **limits),  # type: ignore[arg-type] # sets alone
    )


POLICIES = {
    each.name: each
    for each in (
        policy("all", "plain-eu", "plain-us", "seeing-us"),
        policy("plain", "plain-us", "plain-eu", denied_providers=frozenset({"q"})),
    )
}


def names(tenant: Tenant = ANONYMOUS, asked: ModelFilter = EVERYTHING) -> dict[str, list[str]]:
    """Return the listed models with their deployments."""
    return {
        each.model.name: [deployment.name for deployment in each.deployments]
        for each in listed_models(CATALOGUE, POLICIES, tenant, asked)
    }


def test_all_policies_are_open_to_everybody() -> None:
    """Where there are no tenants; what no policy lists cannot be reached."""
    assert names() == {"plain": ["plain-eu", "plain-us"], "seeing": ["seeing-us"]}


def test_tenant_sees_the_models_of_its_policies() -> None:
    """With the limits of the policy."""
    tenant = Tenant(name="t", default_policy="plain", allowed_policies=frozenset({"plain"}))

    assert names(tenant) == {"plain": ["plain-eu"]}


def test_tenant_sees_what_its_own_limits_admit() -> None:
    """The others it could never be answered by."""
    tenant = Tenant(name="t", constraints=Constraints(allowed_regions=frozenset({"us"})))

    assert names(tenant) == {"plain": ["plain-us"], "seeing": ["seeing-us"]}


def test_listing_names_aliases_and_the_policies_that_lead_there() -> None:
    """So that a caller knows what to put into its request."""
    plain, seeing = listed_models(CATALOGUE, POLICIES, ANONYMOUS, ModelFilter())

    assert (plain.aliases, plain.policies) == ((), ("all", "plain"))
    assert (seeing.aliases, seeing.policies) == (("eyes",), ("all",))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (ModelFilter(models=frozenset({"eyes"})), {"seeing": ["seeing-us"]}),
        (ModelFilter(models=frozenset({"plain"})), {"plain": ["plain-eu", "plain-us"]}),
        (ModelFilter(providers=frozenset({"q"})), {"plain": ["plain-us"]}),
        (ModelFilter(capabilities=SEES), {"seeing": ["seeing-us"]}),
        (ModelFilter(capabilities=SEES, providers=frozenset({"q"})), {}),
        (ModelFilter(policy="plain"), {"plain": ["plain-eu"]}),
    ],
)
def test_filters_are_combined(wanted: ModelFilter, found: dict[str, list[str]]) -> None:
    """Each takes away, none adds."""
    assert names(asked=wanted) == found


def test_what_is_out_of_reach_does_not_exist() -> None:
    """A tenant cannot find out what others have by asking for it."""
    tenant = Tenant(name="t", default_policy="plain", allowed_policies=frozenset({"plain"}))

    for wanted in (
        ModelFilter(models=frozenset({"seeing"})),
        ModelFilter(models=frozenset({"eyes"})),
        ModelFilter(providers=frozenset({"q"})),
    ):
        with pytest.raises(UnknownNameError) as caught:
            names(tenant, wanted)
        assert set(caught.value.known) <= {"plain", "p"}
    with pytest.raises(PolicyNotAllowedError):
        names(tenant, ModelFilter(policy="all"))
    with pytest.raises(UnknownPolicyError):
        names(asked=ModelFilter(policy="no such"))


sets = st.frozensets(st.sampled_from(["a", "b"]))


@given(
    compliance=st.builds(
        Compliance,
        region=st.sampled_from([None, "a", "b"]),
        zero_data_retention=st.booleans(),
        no_training=st.booleans(),
        data_classes=sets,
    ),
    constraints=st.builds(
        Constraints,
        allowed_regions=sets,
        data_classes=sets,
        zero_data_retention=st.booleans(),
        no_training=st.booleans(),
        allowed_providers=sets,
        denied_providers=sets,
    ),
)
def test_listed_is_what_planning_admits(compliance: Compliance, constraints: Constraints) -> None:
    """One is never shown and the other refused: both read the same limits alike."""
    one = dataclasses.replace(scripted_deployment("a"), compliance=compliance)
    planner = Planner(
        catalogue=Catalogue(deployments={"a": one}),
        policies={"drill": scripted_policy(["a"])},
        default_policy="drill",
        tenants={"t": Tenant(name="t", constraints=constraints)},
    )

    excluded = exclusions(one, planner.limits(scripted_request(tenant="t")))

    assert admits(merged([(TENANT, constraints)]), one) == (not excluded)
