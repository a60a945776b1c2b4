"""What is remembered of earlier requests never changes who may serve."""

from __future__ import annotations

import dataclasses
import random

from bench.simulations.generated_routes import GeneratedRoute, draw_route
from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.catalogue.catalogue import (
    Catalogue,
)
from routersvc.domain.catalogue.constraints import (
    Constraints,
)
from routersvc.domain.catalogue.deployments import (
    Deployment,
)
from routersvc.domain.catalogue.requests import (
    Request,
)
from routersvc.domain.catalogue.routing import (
    Routing,
)
from routersvc.domain.measures.cost_budgets import (
    BudgetStanding,
    CostBudgetRule,
)
from routersvc.domain.planning.eligibility import (
    MAX_REMEMBERED,
    ContextWindows,
    Eligibility,
)
from routersvc.domain.planning.exclusions import (
    exclusions,
    needed_tokens,
)
from routersvc.domain.planning.limits import (
    Limits,
)
from routersvc.domain.planning.planner import (
    Planner,
)
from routersvc.domain.profiling.token_estimates import (
    TokenEstimate,
)
from routersvc.testing.worlds import scripted_deployment, scripted_policy, scripted_request


def planner_of(route: GeneratedRoute) -> Planner:
    """Return a planner for the configuration of a generated world."""
    return Planner(
        catalogue=Catalogue(deployments={one.name: one for one in route.deployments}),
        policies={"drill": route.policy},
        default_policy="drill",
        tenants={"t": route.tenant},
    )


def one_by_one(route: GeneratedRoute, limits: Limits) -> list[Deployment]:
    """Return what `exclusions` leaves of the deployments listed."""
    known = {one.name: one for one in route.deployments}
    return [known[name] for name in limits.listed if not exclusions(known[name], limits)]


@given(
    source=st.randoms(use_true_random=False),
    usd=st.sampled_from([None, 0.001, 0.03, 3.0]),
    tokens=st.lists(st.integers(0, 1_200_000), min_size=1, max_size=4),
)
def test_the_fast_way_finds_what_asking_each_one_finds(
    source: random.Random, usd: float | None, tokens: list[int]
) -> None:
    """Also for a second request of the same limits and another size, which is looked up."""
    route = draw_route(source)
    planner = planner_of(route)
    eligibility = Eligibility(planner.catalogue)
    budget = None
    if usd is not None:
        rule = CostBudgetRule(usd=usd, window=60.0)
        budget = BudgetStanding(rule=rule, spent_usd=0.0, reserved_usd=0.0)

    for request in route.requests:
        limits = planner.limits(request, budget)
        for size in tokens:
            profile = dataclasses.replace(limits.profile, input_tokens=size)
            sized = dataclasses.replace(limits, profile=profile)
            assert list(eligibility.find(sized)) == one_by_one(route, sized)


def test_limits_that_callers_make_up_are_not_kept() -> None:
    """Whoever names a new region or class with every request fills no memory."""
    deployment = scripted_deployment("a")
    planner = Planner(
        catalogue=Catalogue(deployments={"a": deployment}),
        policies={"drill": scripted_policy(["a"])},
        default_policy="drill",
    )
    eligibility = Eligibility(planner.catalogue)

    for number in range(50):
        for constraints in (
            Constraints(allowed_regions=frozenset({f"region {number}"})),
            Constraints(data_classes=frozenset({f"class {number}"})),
        ):
            asked = scripted_request(routing=Routing(constraints=constraints))
            assert not eligibility.find(planner.limits(asked))

    assert eligibility.remembered == 1


def test_what_is_remembered_is_bounded() -> None:
    """Many tenants with limits of their own take no more memory than few."""
    names = [f"d{number}" for number in range(11)]
    deployments = {name: scripted_deployment(name) for name in names}
    planner = Planner(
        catalogue=Catalogue(deployments=deployments),
        policies={"drill": scripted_policy(names)},
        default_policy="drill",
    )
    eligibility = Eligibility(planner.catalogue)

    for number in range(1 << 11):
        denied = frozenset(name for place, name in enumerate(names) if number >> place & 1)
        asked = scripted_request(routing=Routing(constraints=Constraints(denied_providers=denied)))
        found = eligibility.find(planner.limits(asked))
        assert {one.name for one in found} == set(names) - denied

    assert 0 < eligibility.remembered <= MAX_REMEMBERED


@given(
    models=st.lists(
        st.tuples(st.integers(1, 3_000), st.sampled_from([0.5, 1.0, 1.17, 1.35])),
        min_size=1,
        max_size=6,
    ),
    low=st.integers(0, 2_000),
    more=st.integers(0, 2_000),
    reserve=st.sampled_from([0, 100]),
)
def test_windows_are_open_where_one_of_them_lies_between_the_bounds(
    models: list[tuple[int, float]], low: int, more: int, reserve: int
) -> None:
    """Or tokens would be counted that decide nothing, or not counted that do."""
    plain = scripted_deployment("a").model
    made = [
        dataclasses.replace(plain, context_window=window, token_ratio=ratio)
        for window, ratio in models
    ]
    request: Request = scripted_request()
    planner = Planner(
        catalogue=Catalogue(deployments={"a": scripted_deployment("a")}),
        policies={"drill": scripted_policy(["a"])},
        default_policy="drill",
    )
    profile = planner.limits(request).profile
    bounds = TokenEstimate(low=low, likely=low, high=low + more)

    is_open = ContextWindows.of(made).are_open(profile, bounds, reserve=reserve)

    assert is_open == any(
        needed_tokens(model, profile, bounds.low, reserve=reserve)
        <= model.context_window
        < needed_tokens(model, profile, bounds.high, reserve=reserve)
        for model in made
    )
