"""What a tenant changes in the plan of its requests."""

from __future__ import annotations

import dataclasses

import pytest
from tests.unit.domain.plans import plan_of
from tests.wording import Wording

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.constraints import Constraints
from routersvc.domain.catalogue.deployments import Compliance, Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.policies import Policy, RetryRule
from routersvc.domain.catalogue.prices import Prices
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.catalogue.tenants import ANONYMOUS, Tenant
from routersvc.domain.catalogue.weights import WeightWishes
from routersvc.domain.measures.cost_budgets import (
    BudgetDowngradeRule,
    BudgetStanding,
    CostBudgetRule,
)
from routersvc.domain.outcomes.errors import (
    PolicyNotAllowedError,
    UnknownPolicyError,
    UnknownTenantError,
)
from routersvc.domain.planning.effective_constraints import effective_constraints
from routersvc.domain.planning.exclusion_reasons import ExclusionReason
from routersvc.domain.planning.exclusions import exclusions
from routersvc.domain.planning.planner import Planner
from routersvc.domain.planning.planning_errors import (
    NoEligibleDeploymentError,
    TenantBudgetExhaustedError,
)
from routersvc.testing.worlds import scripted_deployment, scripted_policy, scripted_request

EU = Compliance(region="eu", no_training=True)


def model(name: str, *, usd: float | None, tier: int = 0) -> Model:
    """Return a model whose answers of 1000 tokens cost so much."""
    return Model(
        name=name,
        context_window=10_000,
        capabilities=frozenset(Capability),
        prices=None if usd is None else Prices(input=0.0, output=usd * 1000),
        tier=tier,
    )


def priced(name: str, *, usd: float | None, tier: int = 0) -> Deployment:
    """Return a deployment whose answers of 1000 tokens cost so much."""
    return scripted_deployment(name, model=model(f"{name}-model", usd=usd, tier=tier))


DEAR, MIDDLE, CHEAP = (
    priced("dear", usd=1.0),
    priced("middle", usd=0.5, tier=1),
    priced("cheap", usd=0.1, tier=2),
)


def planner(
    *tenants: Tenant,
    deployments: tuple[Deployment, ...] = (DEAR, MIDDLE, CHEAP),
    **policies: Policy,
) -> Planner:
    """Return a planner whose default policy lists all deployments."""
    whole = scripted_policy([d.name for d in deployments], max_attempts=1)
    return Planner(
        catalogue=Catalogue(deployments={d.name: d for d in deployments}),
        policies={"drill": whole, **policies},
        default_policy="drill",
        tenants={tenant.name: tenant for tenant in tenants},
    )


def request(tenant: str = "t", **routing: object) -> Request:
    """Return a request for 1000 tokens."""
    made = dataclasses.replace(Routing(expected_output_tokens=1000), **routing)  # type: ignore[arg-type]
    return scripted_request(routing=made, tenant=tenant)


def standing(
    *, spent: float, usd: float = 10.0, downgrade: BudgetDowngradeRule | None = None
) -> BudgetStanding:
    """Return the standing of a budget with so much spent, which expires in 30 seconds."""
    return BudgetStanding(
        rule=CostBudgetRule(usd=usd, window=60.0, downgrade=downgrade),
        spent_usd=spent,
        reserved_usd=0.0,
        leaving=((30.0, spent),) if spent else (),
    )


def names(planned: Planner, asked: Request, budget: BudgetStanding | None = None) -> list[str]:
    """Return the deployments of the plan."""
    plan = plan_of(planned, asked, budget)
    return [deployment.name for deployment in plan.deployments]


def test_without_tenants_everybody_is_anonymous() -> None:
    """Whatever name a request carries."""
    assert planner().tenant("anybody") is ANONYMOUS


@pytest.mark.parametrize("name", ["", "other"])
def test_with_tenants_no_unknown_caller_is_served(name: str) -> None:
    """Fail closed, should the edge have admitted an unknown tenant."""
    with pytest.raises(UnknownTenantError):
        planner(Tenant(name="t")).limits(request(name))


def test_policy_is_the_requests_then_the_tenants_then_the_default() -> None:
    """And the explanation says which."""
    other, third = (
        dataclasses.replace(scripted_policy(["cheap"]), name=name) for name in ("other", "third")
    )
    planned = planner(
        Tenant(name="t", default_policy="other"), Tenant(name="u"), other=other, third=third
    )

    choices = [
        planned.limits(request("t", policy="third")),
        planned.limits(request("t")),
        planned.limits(request("u")),
    ]

    assert [(limits.policy.name, limits.policy_choice) for limits in choices] == [
        ("third", "named by the request"),
        ("other", "the default policy of `t`"),
        ("drill", "the default policy"),
    ]


def test_tenant_hears_of_its_own_policies_alone() -> None:
    """Another's is refused as if it did not exist; one without a list hears of all."""
    planned = planner(
        Tenant(name="t", default_policy="drill", allowed_policies=frozenset({"drill"})),
        Tenant(name="u"),
        secret=dataclasses.replace(scripted_policy(["cheap"]), name="secret"),
    )

    with pytest.raises(PolicyNotAllowedError) as of_others:
        planned.limits(request("t", policy="secret"))
    with pytest.raises(PolicyNotAllowedError) as of_nobody:
        planned.limits(request("t", policy="no such"))
    with pytest.raises(UnknownPolicyError) as unknown:
        planned.limits(request("u", policy="no such"))

    assert of_others.value.allowed == of_nobody.value.allowed == ("drill",)
    assert unknown.value.known == ("drill", "secret")


def test_limits_name_those_who_set_them() -> None:
    """So that a caller knows whom to ask."""
    tenant = Tenant(
        name="t", constraints=Constraints(allowed_regions=frozenset({"eu", "us"}), no_training=True)
    )
    policy = dataclasses.replace(
        scripted_policy(["cheap"]),
        name="strict",
        constraints=Constraints(data_classes=frozenset({"phi"}), no_training=True),
    )
    planned = planner(tenant, strict=policy)
    limits = planned.limits(
        request(policy="strict", constraints=Constraints(allowed_regions=frozenset({"eu"}))),
        standing(spent=2.5),
    )

    found = {it.name: (it.value, it.source) for it in effective_constraints(limits)}

    assert found == {
        "allowed_regions": ("eu", "tenant, request"),
        "data_classes": ("phi", "policy"),
        "no_training": ("required", "tenant, policy"),
        "tenant_budget_usd": ("7.5 of 10 left", "tenant"),
    }


def test_regions_with_nothing_in_common_exclude_everything(wording: Wording) -> None:
    """The reason says whose limits they are."""
    deployment = dataclasses.replace(CHEAP, compliance=EU)
    planned = planner(
        Tenant(name="t", constraints=Constraints(allowed_regions=frozenset({"eu"}))),
        deployments=(deployment,),
    )
    asked = request(constraints=Constraints(allowed_regions=frozenset({"us"})))

    with pytest.raises(NoEligibleDeploymentError) as caught:
        plan_of(planned, asked)

    (exclusion,) = caught.value.candidates[0].exclusions
    assert exclusion.reason is ExclusionReason.REGION
    wording(exclusion.description)


def test_data_classes_of_the_tenant_hold_for_every_request() -> None:
    """Without the request saying so."""
    planned = planner(Tenant(name="t", constraints=Constraints(data_classes=frozenset({"phi"}))))

    found = exclusions(CHEAP, planned.limits(request()))

    assert [exclusion.reason for exclusion in found] == [ExclusionReason.DATA_CLASS]


def test_flags_of_the_tenant_go_to_the_provider() -> None:
    """What is demanded is asked for on the wire too."""
    kept = dataclasses.replace(
        CHEAP, compliance=Compliance(zero_data_retention=True, no_training=True)
    )
    planned = planner(
        Tenant(name="t", constraints=Constraints(zero_data_retention=True, no_training=True)),
        deployments=(kept,),
    )

    plan = plan_of(planned, request())

    assert (plan.zero_data_retention, plan.no_training) == (True, True)


@pytest.mark.parametrize(
    ("left", "eligible"),
    [
        (10.0, ["dear", "middle", "cheap"]),
        (1.0, ["dear", "middle", "cheap"]),
        (0.99, ["middle", "cheap"]),
        (0.1, ["cheap"]),
    ],
)
def test_budget_leaves_what_it_covers(left: float, eligible: list[str]) -> None:
    """Cheaper deployments remain when dear ones do not fit."""
    assert names(planner(Tenant(name="t")), request(), standing(spent=10.0 - left)) == eligible


def test_budget_covers_every_attempt_that_may_run() -> None:
    """Failovers and hedges cost like the first: three attempts need three times as much."""
    policy = dataclasses.replace(scripted_policy(["dear", "middle", "cheap"]), max_attempts=3)
    planned = planner(Tenant(name="t"), drill=policy)

    assert names(planned, request(), standing(spent=8.0)) == ["middle", "cheap"]
    assert names(planned, request(max_attempts=2), standing(spent=8.0)) == [
        "dear",
        "middle",
        "cheap",
    ]


def test_single_deployment_is_tried_and_retried_at_most() -> None:
    """Nothing is set aside for attempts that no deployment is left for."""
    policy = dataclasses.replace(
        scripted_policy(["dear"]), max_attempts=5, retries=RetryRule(max_retries=1)
    )

    assert names(planner(Tenant(name="t"), drill=policy), request(), standing(spent=8.0)) == [
        "dear"
    ]


def test_spent_budget_says_when_to_come_back() -> None:
    """When what was spent leaves the window; what costs too much for all of it never fits."""
    planned = planner(Tenant(name="t"))

    with pytest.raises(TenantBudgetExhaustedError) as soon:
        plan_of(planned, request(), standing(spent=9.95))
    with pytest.raises(TenantBudgetExhaustedError) as never:
        plan_of(planned, request(), standing(spent=0.0, usd=0.05))

    assert soon.value.retry_after == 30.0
    assert never.value.retry_after is None
    assert {
        exclusion.reason
        for candidate in soon.value.candidates
        for exclusion in candidate.exclusions
    } == {ExclusionReason.TENANT_BUDGET}


def test_budget_is_not_blamed_for_what_other_limits_exclude() -> None:
    """More money would not help."""
    planned = planner(Tenant(name="t", constraints=Constraints(no_training=True)))

    with pytest.raises(NoEligibleDeploymentError):
        plan_of(planned, request(), standing(spent=9.95))


def test_unknown_price_does_not_fit_into_a_budget() -> None:
    """Fail-closed, as under a cost ceiling."""
    planned = planner(Tenant(name="t"), deployments=(priced("unpriced", usd=None), CHEAP))

    assert names(planned, request(), standing(spent=0.0)) == ["cheap"]
    assert names(planned, request()) == ["unpriced", "cheap"]


def test_downgrade_moves_to_the_cheaper_policy_and_keeps_the_limits() -> None:
    """Being short of money never opens what the first policy closed."""
    eu_cheap = dataclasses.replace(CHEAP, name="eu-cheap", compliance=EU)
    strict = dataclasses.replace(
        scripted_policy(["dear"], max_attempts=1),
        constraints=Constraints(allowed_regions=frozenset({"eu"})),
    )
    fallback = dataclasses.replace(
        scripted_policy(["cheap", "eu-cheap"], max_attempts=1), name="fallback"
    )
    eu_dear = dataclasses.replace(DEAR, compliance=EU)
    planned = planner(
        Tenant(name="t"), deployments=(eu_dear, CHEAP, eu_cheap), drill=strict, fallback=fallback
    )
    downgrade = BudgetDowngradeRule(threshold=0.8, policy="fallback")

    below = standing(spent=7.9, downgrade=downgrade)
    above = standing(spent=8.0, downgrade=downgrade)
    before = planned.limits(request(), below)
    after = planned.limits(request(), above)

    assert names(planned, request(), below) == ["dear"]
    assert before.degradation is None
    assert names(planned, request(), above) == ["eu-cheap"]
    assert after.policy_choice == "instead of `drill`, because 80% of the tenant's budget is used"
    assert after.degradation is not None
    assert after.degradation.description == "80% of the tenant's budget is used"


def test_downgrade_leaves_out_the_stronger_tiers(wording: Wording) -> None:
    """And says so."""
    planned = planner(Tenant(name="t"))
    budget = standing(spent=8.0, downgrade=BudgetDowngradeRule(threshold=0.8, min_tier=1))

    assert names(planned, request(), budget) == ["middle", "cheap"]
    (exclusion,) = exclusions(DEAR, planned.limits(request(), budget))
    assert exclusion.reason is ExclusionReason.TENANT_BUDGET
    wording(exclusion.description)


def test_downgrade_that_leaves_nothing_says_when_it_ends() -> None:
    """When less than the threshold is spent again."""
    planned = planner(Tenant(name="t"), deployments=(DEAR,))
    budget = standing(spent=8.5, downgrade=BudgetDowngradeRule(threshold=0.8, min_tier=1))

    with pytest.raises(TenantBudgetExhaustedError) as caught:
        plan_of(planned, request(), budget)

    assert caught.value.retry_after == 30.0


def test_weights_are_not_negative() -> None:
    """A negative one would reward what costs."""
    with pytest.raises(ValueError, match="`cost` is at least 0"):
        WeightWishes(cost=-1.0)
