"""Remembered results never change which deployments may serve."""

from __future__ import annotations

import contextlib
import dataclasses
import random
from collections.abc import Callable, Generator, Iterator

import pytest
from bench.simulations.generated_routes import GeneratedRoute, draw_route
from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.constraints import Constraints
from routersvc.domain.catalogue.deployments import Compliance, Deployment
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.measures.cost_budgets import BudgetStanding, CostBudgetRule
from routersvc.domain.planning import eligibility as eligibility_module
from routersvc.domain.planning import exclusions as exclusions_module
from routersvc.domain.planning.eligibility import ContextWindows, Eligibility
from routersvc.domain.planning.exclusion_reasons import Exclusion, ExclusionReason
from routersvc.domain.planning.exclusions import exclusions
from routersvc.domain.planning.fixed_constraints import FIXED_CONSTRAINTS, FixedConstraint
from routersvc.domain.planning.limits import FixedLimits, Limits
from routersvc.domain.planning.measured_constraints import needed_tokens
from routersvc.domain.planning.planner import Planner
from routersvc.domain.profiling.token_estimates import TokenEstimate
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
    return [known[name] for name in limits.fixed.listed if not exclusions(known[name], limits)]


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


@given(
    source=st.randoms(use_true_random=False),
    read=st.frozensets(st.sampled_from(FixedLimits._fields), min_size=1),
)
def test_constraint_of_a_test_is_never_answered_from_the_wrong_memory(
    source: random.Random, read: frozenset[str]
) -> None:
    """A fixed constraint sees `FixedLimits` alone, and that value is the key of the memory.

    The constraint is added as documented, as an entry in the table, and decides arbitrarily by any
    of the fields.
    """
    route = draw_route(source)
    planner = planner_of(route)
    eligibility = Eligibility(planner.catalogue)

    def excludes(deployment: Deployment, fixed: FixedLimits) -> bool:
        return hash((deployment.name, *(getattr(fixed, name) for name in sorted(read)))) % 3 == 0

    with with_constraint(excludes):
        for request in (*route.requests, *route.requests):
            limits = planner.limits(request)
            assert list(eligibility.find(limits)) == one_by_one(route, limits)


@contextlib.contextmanager
def with_constraint(excludes: Callable[[Deployment, FixedLimits], bool]) -> Generator[None]:
    """Add a fixed constraint to the table for a while."""

    def described(_: Deployment, __: Limits) -> Iterator[Exclusion]:
        yield Exclusion(
            reason=ExclusionReason.REGION, description="made up", eligible_if="it were not"
        )

    made_up = FixedConstraint(name="made_up", excludes=excludes, exclusions=described)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exclusions_module, "FIXED_CONSTRAINTS", (*FIXED_CONSTRAINTS, made_up))
        yield


@contextlib.contextmanager
def counted_evaluations() -> Generator[list[FixedLimits]]:
    """Collect the limits for which the table of fixed constraints is evaluated."""
    evaluated: list[FixedLimits] = []

    def excludes(_: Deployment, fixed: FixedLimits) -> bool:
        evaluated.append(fixed)
        return False

    with with_constraint(excludes):
        yield evaluated


def test_limits_that_callers_make_up_are_not_kept() -> None:
    """Unknown regions share one result, and unknown data classes need none."""
    deployment = scripted_deployment("a")
    made = dataclasses.replace(deployment, compliance=Compliance(region="eu"))
    planner = Planner(
        catalogue=Catalogue(deployments={"a": made}),
        policies={"drill": scripted_policy(["a"])},
        default_policy="drill",
    )
    eligibility = Eligibility(planner.catalogue)

    with counted_evaluations() as evaluated:
        for number in range(50):
            regions = frozenset({"eu", f"region {number}"})
            for constraints, found in (
                (Constraints(allowed_regions=regions), [made]),
                (Constraints(data_classes=frozenset({f"class {number}"})), []),
            ):
                asked = scripted_request(routing=Routing(constraints=constraints))
                assert list(eligibility.find(planner.limits(asked))) == found

    assert len(evaluated) == 1
    assert evaluated[0].allowed_regions == frozenset({"eu"})


def test_what_is_remembered_is_bounded() -> None:
    """Above the bound all results are dropped; those asked for again are computed again."""
    names = [f"d{number}" for number in range(3)]
    planner = Planner(
        catalogue=Catalogue(deployments={name: scripted_deployment(name) for name in names}),
        policies={"drill": scripted_policy(names)},
        default_policy="drill",
    )
    eligibility = Eligibility(planner.catalogue)

    def evaluations(*denied: str) -> int:
        constraints = Constraints(denied_providers=frozenset(denied))
        asked = scripted_request(routing=Routing(constraints=constraints))
        with counted_evaluations() as evaluated:
            found = eligibility.find(planner.limits(asked))
        assert {one.name for one in found} == set(names) - set(denied)
        return len(evaluated)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(eligibility_module, "MAX_REMEMBERED", 2)
        first, again = evaluations("d0"), evaluations("d0")
        evaluations("d1")
        evaluations("d2")
        after_bound = evaluations("d0")

    assert (first, again, after_bound) == (2, 0, 2)


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

    is_open = ContextWindows.of(made).undecided(profile, bounds, reserve=reserve)

    assert is_open == any(
        needed_tokens(model.token_ratio, profile, bounds.low, reserve=reserve)
        <= model.context_window
        < needed_tokens(model.token_ratio, profile, bounds.high, reserve=reserve)
        for model in made
    )
