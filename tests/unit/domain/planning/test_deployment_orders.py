"""In which order deployments are tried, and which of those that may serve are not."""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Mapping, Sequence

import pytest
from bench.simulations.generated_routes import draw_route
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.domain.plans import NO_STATS, candidates_of, plan_of

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.modes import ConsistencyMode, OrderMode
from routersvc.domain.catalogue.policies import Policy
from routersvc.domain.catalogue.prices import Prices
from routersvc.domain.catalogue.qualities import Quality
from routersvc.domain.catalogue.ranking_goals import GoalWishes, RankingGoal, SlackGoal, WorthGoal
from routersvc.domain.catalogue.route_rules import RouteMatch, RouteRule
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.catalogue.tasks import Task
from routersvc.domain.catalogue.weights import WeightWishes
from routersvc.domain.planning.deployment_orders import DeploymentOrder, ordered
from routersvc.domain.planning.exclusion_reasons import ExclusionReason
from routersvc.domain.planning.exclusions import exclusions
from routersvc.domain.planning.limits import Limits
from routersvc.domain.planning.live_stats import LiveStats
from routersvc.domain.planning.planner import Planner
from routersvc.domain.planning.plans import RefusedRequest
from routersvc.domain.planning.scored_candidates import candidates
from routersvc.testing.worlds import scripted_deployment, scripted_policy, scripted_request

GOOD = Model(
    name="good",
    context_window=128_000,
    capabilities=frozenset(Capability),
    prices=Prices(input=10.0, output=10.0),
    quality=Quality(general=0.5, of_tasks={Task.CODE: 0.95}),
    equivalent_to=frozenset({"good-too"}),
)
GOOD_TOO = dataclasses.replace(GOOD, name="good-too", equivalent_to=frozenset())
CHEAP = dataclasses.replace(
    GOOD,
    name="cheap",
    prices=Prices(input=1.0, output=1.0),
    quality=Quality(general=0.4),
    tier=1,
    equivalent_to=frozenset(),
)

FLEET = {
    one.name: one
    for one in (
        scripted_deployment("cheap-1", model=CHEAP),
        scripted_deployment("good-1", model=GOOD),
        scripted_deployment("cheap-2", model=CHEAP),
        scripted_deployment("good-2", model=GOOD),
        scripted_deployment("good-too-1", model=GOOD_TOO),
    )
}


class Seen:
    """A view that knows what it was told and turns equal deployments around, as a load does."""

    def __init__(
        self, live_stats_list: Mapping[str, LiveStats] | None = None, *, resting: Sequence[str] = ()
    ) -> None:
        self._live_stats = live_stats_list or {}
        self._resting = resting

    def balanced(self, equals: Sequence[Deployment]) -> Sequence[Deployment]:
        """Return the last one first."""
        return list(reversed(equals))

    def is_ready(self, deployment: Deployment) -> bool:
        """Whether it was not told to rest."""
        return deployment.name not in self._resting

    def live_stats(self, deployment: Deployment, *, streaming: bool) -> LiveStats:
        """Return what was told."""
        del streaming
        return self._live_stats.get(deployment.name, LiveStats())


def limits_of(
    order: OrderMode,
    routing: Routing | None = None,
    *,
    fleet: Mapping[str, Deployment] = FLEET,
    **of_policy: object,
) -> Limits:
    """Return the limits of a request under a policy over the whole fleet."""
    policy: Policy = dataclasses.replace(
        scripted_policy(list(fleet), order=order),
        **of_policy,  # type: ignore[arg-type]
    )
    planner = Planner(
        catalogue=Catalogue(deployments=fleet),
        policies={"drill": policy},
        default_policy="drill",
    )
    return planner.limits(scripted_request(routing=routing))


def names(order: DeploymentOrder) -> list[str]:
    """Return the deployments of an order by name."""
    return [one.name for one in order.deployments]


def order_of(
    order: OrderMode, routing: Routing | None = None, view: Seen | None = None
) -> list[str]:
    """Return in which order the fleet is tried."""
    limits = limits_of(order, routing)
    return names(ordered(list(FLEET.values()), limits, view or Seen()))


def test_fixed_order_is_the_policys() -> None:
    """Whatever the load, and whatever is preferred by weights."""
    assert order_of(OrderMode.FIXED) == list(FLEET)
    assert order_of(OrderMode.FIXED, Routing(weights=WeightWishes(quality=9.0))) == list(FLEET)


def test_balanced_order_goes_model_by_model() -> None:
    """The load decides among the deployments of one model alone."""
    assert order_of(OrderMode.BALANCED) == ["cheap-2", "cheap-1", "good-2", "good-1", "good-too-1"]


def test_ranked_order_follows_the_score() -> None:
    """Code goes to the model that is good at it where that is worth its price."""
    code = Routing(task=Task.CODE, complexity=0.9)

    def first_two(**wishes: object) -> list[str]:
        routing = dataclasses.replace(code, **wishes)  # type: ignore[arg-type]
        return order_of(OrderMode.RANKED, routing)[:2]

    good, cheap = ["good-2", "good-1"], ["cheap-2", "cheap-1"]
    assert first_two() == good
    assert first_two(complexity=0.0) == cheap
    assert first_two(worth=GoalWishes(quality_usd=0.001)) == cheap
    assert first_two(worth=GoalWishes(slack=0.1)) == good
    assert first_two(worth=GoalWishes(slack=0.8)) == cheap
    assert first_two(weights=WeightWishes(quality=1.0)) == cheap
    assert first_two(weights=WeightWishes(quality=5.0)) == good


@pytest.mark.parametrize(
    ("goal", "words"),
    [
        (WorthGoal(quality_usd=0.5), "a right answer is worth $0.5"),
        (SlackGoal(slack=0.1), "expected quality at most 0.1 below the best"),
    ],
)
def test_explanation_shows_dollars(goal: RankingGoal, words: str) -> None:
    """What the answer costs, and what that saves against the dearest model."""
    policy = dataclasses.replace(scripted_policy(list(FLEET), order=OrderMode.RANKED), goal=goal)
    planner = Planner(
        catalogue=Catalogue(deployments=FLEET),
        policies={"drill": policy},
        default_policy="drill",
    )
    request = scripted_request(routing=Routing(task=Task.CODE, complexity=0.9))

    found = {each.deployment.name: each for each in candidates_of(planner, request)}
    costs = {
        name: {part.name: part.description for part in each.score_parts}["cost"]
        for name, each in found.items()
    }

    assert any(words in part.description for part in found["good-1"].score_parts)
    assert found["good-1"].score > found["cheap-1"].score
    assert costs["cheap-1"].startswith("expected cost $0.001032")
    assert costs["good-1"] == (
        "expected cost $0.01032, which is $0 less than that of the dearest model"
    )


def test_who_weighs_has_the_models_ranked() -> None:
    """Weights of a request would mean nothing under a balanced policy."""
    wished = Routing(task=Task.CODE, complexity=0.9, weights=WeightWishes(quality=5.0))

    assert order_of(OrderMode.BALANCED, wished)[:2] == ["good-2", "good-1"]


@pytest.mark.parametrize("order", OrderMode)
def test_preferred_models_come_first_in_every_order(order: OrderMode) -> None:
    """In the order of the preference; the others follow as they would."""
    found = order_of(order, Routing(preferred_models=("good-too", "good")))

    assert found[0] == "good-too-1"
    assert set(found[1:3]) == {"good-1", "good-2"}
    assert set(found[3:]) == {"cheap-1", "cheap-2"}


def test_rule_that_matches_fixes_the_order() -> None:
    """Nothing is ranked or balanced then, and nothing else is listed."""
    rule = RouteRule(
        name="code",
        match=RouteMatch(tasks=frozenset({Task.CODE})),
        deployments=("good-2", "cheap-1"),
    )
    planner = Planner(
        catalogue=Catalogue(deployments=FLEET),
        policies={
            "drill": dataclasses.replace(
                scripted_policy(["good-1"], order=OrderMode.RANKED), rules=(rule,)
            )
        },
        default_policy="drill",
    )

    def tried(task: Task) -> list[str]:
        asked = scripted_request(routing=Routing(task=task))
        return [one.name for one in plan_of(planner, asked, view=Seen()).deployments]

    assert tried(Task.CODE) == ["good-2", "cheap-1"]
    assert tried(Task.CHAT) == ["good-1"]


def test_equivalent_sets_aside_what_is_not_declared() -> None:
    """In one direction: `good` names `good-too`, which names no model."""
    routing = Routing(consistency=ConsistencyMode.EQUIVALENT)
    listed = [FLEET[name] for name in ("good-1", "cheap-1", "good-too-1")]
    limits = limits_of(OrderMode.FIXED, routing)

    forth = ordered(listed, limits, NO_STATS)
    back = ordered(listed[::-1], limits, NO_STATS)

    assert names(forth) == ["good-1", "good-too-1"]
    assert forth.set_aside.keys() == {"cheap-1"}
    assert names(back) == ["good-too-1"]
    assert back.set_aside.keys() == {"cheap-1", "good-1"}


@pytest.mark.parametrize(
    ("of_policy", "of_request", "served"),
    [
        (True, None, True),
        (False, None, False),
        (True, False, False),
        (False, True, True),
    ],
)
def test_lower_tier_stands_in_only_where_it_is_allowed(
    of_policy: bool,  # noqa: FBT001 - a parameter of the cases
    of_request: bool | None,  # noqa: FBT001 - a parameter of the cases
    served: bool,  # noqa: FBT001 - a parameter of the cases
) -> None:
    """The request has the last word, and a stronger model is never set aside."""
    limits = limits_of(
        OrderMode.FIXED, Routing(allow_degraded=of_request), allow_degraded=of_policy
    )

    down = ordered([FLEET["good-1"], FLEET["cheap-1"]], limits, NO_STATS)
    up = ordered([FLEET["cheap-1"], FLEET["good-1"]], limits, NO_STATS)

    assert ("cheap-1" in names(down)) is served
    assert names(up) == ["cheap-1", "good-1"]


def test_model_that_misses_the_latency_budget_comes_last() -> None:
    """Balanced and ranked, where one in twenty is known to be too late; never where nothing is."""
    slow = Seen({name: LiveStats(latency=2.0, late=3.0) for name in ("cheap-1", "cheap-2")})
    budget = Routing(latency_budget=1.0)

    assert order_of(OrderMode.BALANCED, budget, slow)[-2:] == ["cheap-2", "cheap-1"]
    assert order_of(OrderMode.RANKED, budget, slow)[-2:] == ["cheap-2", "cheap-1"]
    assert order_of(OrderMode.BALANCED, budget)[:2] == ["cheap-2", "cheap-1"]
    assert order_of(OrderMode.BALANCED, None, slow)[:2] == ["cheap-2", "cheap-1"]


def test_one_fast_deployment_keeps_its_model_within_the_budget() -> None:
    """The load then decides among them as ever."""
    mixed = Seen({"cheap-1": LiveStats(late=0.5), "cheap-2": LiveStats(late=3.0)})

    found = order_of(OrderMode.BALANCED, Routing(latency_budget=1.0), mixed)

    assert found[:2] == ["cheap-2", "cheap-1"]


@pytest.mark.parametrize(
    ("rates", "resting", "first"),
    [
        ({"good-1": 0.1}, ["good-1"], "good"),
        ({"good-1": 0.1}, [], "good"),
        ({"good-1": 0.1, "good-2": 0.9}, [], "good"),
        ({"good-1": 0.1, "good-2": 0.1}, [], "good-too"),
        ({"good-1": 0.9, "good-2": 0.1}, ["good-1"], "good-too"),
        ({"good-1": 0.9, "good-2": 0.1}, ["good-1", "good-2"], "good"),
    ],
    ids=[
        "another one is untried",
        "an untried one may be better",
        "another one answers",
        "both fail",
        "the one that answers cannot be called",
        "neither can be called",
    ],
)
def test_model_is_ranked_by_what_can_be_called_of_it(
    rates: Mapping[str, float], resting: Sequence[str], first: str
) -> None:
    """What deployments have shown that nobody calls now says nothing of the calls to come."""
    known = {"good-too-1": 0.8, **rates}
    shown = {name: LiveStats(success_rate=rate) for name, rate in known.items()}
    hard = Routing(task=Task.CODE, complexity=0.9)

    found = order_of(OrderMode.RANKED, hard, Seen(shown, resting=resting))

    assert FLEET[found[0]].model.name == first


def test_session_finds_the_same_deployment_whatever_one_replica_has_seen() -> None:
    """Load, latency and health are what replicas do not share."""
    routing = Routing(session_id="conversation 7")
    troubled = Seen({"cheap-1": LiveStats(latency=9.0, late=9.0, success_rate=0.1)})
    limits = limits_of(OrderMode.RANKED, routing)

    one = ordered(list(FLEET.values()), limits, Seen())
    other = ordered(list(FLEET.values()), limits, troubled)
    blank = ordered(list(FLEET.values()), limits, NO_STATS)

    assert names(one) == names(other) == names(blank)


def test_deterministic_choice_knows_no_load_and_no_canary() -> None:
    """Deployments of one model stand as the policy lists them."""
    fleet = {
        **FLEET,
        "cheap-1": dataclasses.replace(FLEET["cheap-1"], canary_share=1.0),
    }
    limits = limits_of(OrderMode.BALANCED, Routing(deterministic=True), fleet=fleet)

    found = ordered(list(fleet.values()), limits, Seen())

    assert names(found) == ["cheap-1", "cheap-2", "good-1", "good-2", "good-too-1"]


def test_canary_takes_its_share_of_sessions() -> None:
    """The same ones every time, before those that the load prefers; else it comes last."""
    canary = dataclasses.replace(FLEET["cheap-1"], canary_share=0.25)
    equals = [canary, FLEET["cheap-2"]]

    def first(number: int) -> str:
        limits = limits_of(OrderMode.BALANCED, Routing(session_id=f"session {number}"))
        return ordered(equals, limits, Seen()).deployments[0].name

    taken = [first(number) for number in range(400)]

    assert taken.count("cheap-1") == pytest.approx(100, abs=30)
    assert taken == [first(number) for number in range(400)]


@given(source=st.randoms(use_true_random=False), latencies=st.lists(st.floats(0.01, 9.0)))
def test_order_holds_everyone_once_and_says_why_others_are_aside(
    source: random.Random, latencies: list[float]
) -> None:
    """And every candidate's score is the sum of its parts, falling from place to place."""
    route = draw_route(source)
    planner = Planner(
        catalogue=Catalogue(deployments={one.name: one for one in route.deployments}),
        policies={"drill": route.policy},
        default_policy="drill",
        tenants={"t": route.tenant},
    )
    view = Seen(
        {
            one.name: LiveStats(latency=latency, first_content=latency, late=latency * 2)
            for one, latency in zip(route.deployments, latencies, strict=False)
        }
    )
    for request in route.requests:
        planned = planner.plan(request, view, budget=None, at=0.0)
        if isinstance(planned, RefusedRequest):
            # Its reasons are tested by `test_generated_routes`.
            continue
        order = planned.order

        known = {one.name: one for one in route.deployments}
        allowed = [
            name
            for name in planned.limits.fixed.listed
            if not exclusions(known[name], planned.limits)
        ]
        assert sorted([*names(order), *order.set_aside]) == sorted(allowed)
        explained = candidates(planner.catalogue, planned, view)
        served = explained[: len(order.deployments)]
        assert [each.deployment for each in served] == list(order.deployments)
        scores = [each.score for each in served]
        assert all(
            each.score == pytest.approx(sum(p.value * p.weight for p in each.score_parts))
            for each in served
        )
        assert all(better >= worse - 1e-9 for better, worse in itertools.pairwise(scores))
        assert all(0 <= part.value <= 1 for each in served for part in each.score_parts)
        for each in explained[len(served) :]:
            assert each.exclusions
            if each.deployment.name in order.set_aside:
                assert {one.reason for one in each.exclusions} <= {
                    ExclusionReason.NOT_EQUIVALENT,
                    ExclusionReason.LOWER_TIER,
                }
