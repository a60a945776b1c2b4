"""How models stand against each other."""

from __future__ import annotations

import dataclasses
import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.catalogue.qualities import Quality
from routersvc.domain.catalogue.ranking_goals import RankingGoal, SlackGoal, WorthGoal
from routersvc.domain.catalogue.tasks import Task
from routersvc.domain.catalogue.weights import Weights, WeightWishes, weighed
from routersvc.domain.planning.ranking import HEALTH_WEIGHT, RankingInput, ranking_scores

STRONG = RankingInput(quality=0.9, cost=0.010, latency=2.0, late=6.0)
CHEAP = RankingInput(quality=0.6, cost=0.001, latency=0.5, late=1.0)


def best(
    goal: RankingGoal, *inputs: RankingInput, latency_budget: float | None = None, tokens: int = 0
) -> RankingInput:
    """Return the input with the highest score."""
    scores = ranking_scores(inputs, goal, tokens=tokens, latency_budget=latency_budget)
    return max(zip(inputs, scores, strict=True), key=lambda pair: pair[1].score)[0]


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (Weights(quality=1, cost=0, latency=0), STRONG),
        (Weights(quality=0, cost=1, latency=0), CHEAP),
        (Weights(quality=0, cost=0, latency=1), CHEAP),
        (Weights(quality=10, cost=1, latency=1), STRONG),
        (Weights(quality=1, cost=1, latency=1), CHEAP),
    ],
)
def test_weights_decide(weights: Weights, expected: RankingInput) -> None:
    """The same two models, and whatever the policy cares for."""
    assert best(weights, STRONG, CHEAP) is expected
    assert best(weights, CHEAP, STRONG) is expected


def test_parts_are_relative_to_the_best() -> None:
    """Half as cheap is half as good, whatever the currency's size."""
    dear = RankingInput(quality=0.5, cost=0.004, latency=3.0, success_rate=0.75)
    fair = RankingInput(quality=0.5, cost=0.002, latency=1.5)

    first, second = ranking_scores([dear, fair], Weights())

    assert (first.cost, first.latency, first.health) == (0.5, 0.5, 0.75)
    assert (second.cost, second.latency, second.health) == (1.0, 1.0, 1.0)


def test_unknown_price_is_the_dearest_and_unknown_latency_the_best() -> None:
    """An unknown price ranks low, an unknown latency does not."""
    unknown = RankingInput(quality=0.5, cost=None, latency=None)

    first, _ = ranking_scores([unknown, CHEAP], Weights())

    assert (first.cost, first.latency) == (0.0, 1.0)


def test_model_that_costs_nothing_is_the_cheapest() -> None:
    """One's own server: all that costs anything is infinitely dearer."""
    free = RankingInput(quality=0.5, cost=0.0, latency=1.0)

    first, second = ranking_scores([free, CHEAP], Weights())

    assert (first.cost, second.cost) == (1.0, 0.0)


def test_failing_model_falls_behind_its_like() -> None:
    """Of two that are alike the one that answers more often comes first."""
    failing = RankingInput(quality=0.6, cost=0.001, latency=0.5, success_rate=0.9)

    assert best(Weights(), failing, CHEAP) is CHEAP


def test_missed_latency_budget_outweighs_everything() -> None:
    """The caller cannot wait for the better answer."""
    weights = Weights(quality=100, cost=0, latency=0)

    assert best(weights, STRONG, CHEAP, latency_budget=2.0) is CHEAP
    assert best(weights, STRONG, CHEAP, latency_budget=6.0) is STRONG


def answer_of(price: float, tokens: int) -> float:
    """Return the cost of so many tokens at a price in US dollars per million."""
    return price * tokens / 1e6


@pytest.mark.parametrize("tokens", [100, 1_100, 4_000, 100_000])
def test_dearer_model_wins_where_it_is_worth_its_price(tokens: int) -> None:
    """By default, ten times the price is worth .65 of quality in a request of any size."""
    dear = RankingInput(quality=0.95, cost=answer_of(10.0, tokens), latency=None)
    poor = RankingInput(quality=0.30, cost=answer_of(1.0, tokens), latency=None)
    fair = RankingInput(quality=0.94, cost=answer_of(1.0, tokens), latency=None)

    assert best(WorthGoal(), dear, poor, tokens=tokens) is dear
    assert (best(WorthGoal(), dear, fair, tokens=tokens) is fair) is (tokens > 100)
    assert best(Weights(), dear, poor, tokens=tokens) is poor


@pytest.mark.parametrize(
    ("goal", "expected"),
    [
        # .30 of quality for $0.009: worth it from $0.03 for a right answer on.
        (WorthGoal(quality_usd=0.0299, second_usd=0.0), CHEAP),
        (WorthGoal(quality_usd=0.0301, second_usd=0.0), STRONG),
        # The 1.5 s that it takes longer count at their worth.
        (WorthGoal(quality_usd=0.0301, second_usd=0.001), CHEAP),
        (SlackGoal(slack=0.29), STRONG),
        (SlackGoal(slack=0.30), CHEAP),
        (SlackGoal(slack=1.0), CHEAP),
    ],
)
def test_dollars_decide(goal: RankingGoal, expected: RankingInput) -> None:
    """Exactly at the price of a right answer more, or at the slack."""
    assert best(goal, STRONG, CHEAP) is expected
    assert best(goal, CHEAP, STRONG) is expected


def test_score_in_dollars_is_worth_less_cost() -> None:
    """Up to a constant: what the dearest and the slowest model would take.

    Where one of five attempts fails, the other model answers five seconds later.
    """
    goal = WorthGoal(quality_usd=0.5, second_usd=0.001)
    failing = dataclasses.replace(STRONG, success_rate=0.8)

    first, second = ranking_scores([failing, CHEAP], goal)

    assert first.score - second.score == pytest.approx(
        ((0.8 * 0.9 + 0.2 * 0.6) * 0.5 - 0.2 * 5.0 * 0.001 - 0.010 - 2.0 * 0.001)
        - (0.6 * 0.5 - 0.001 - 0.5 * 0.001)
    )


@pytest.mark.parametrize("goal", [WorthGoal(), SlackGoal(slack=0.1)])
@pytest.mark.parametrize(("rate", "is_first"), [(2 / 3, True), (0.0, False)])
def test_failures_that_others_make_good_do_not_pay_for_dearer_models(
    goal: RankingGoal,
    rate: float,
    is_first: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """One failure of three costs less time than an equal model costs more; always failing does."""
    failing = RankingInput(quality=0.5, cost=0.0001, latency=1.0, success_rate=rate)
    dearer = RankingInput(quality=0.5, cost=0.0008, latency=1.0, success_rate=1.0)

    assert best(goal, failing, dearer) is (failing if is_first else dearer)


def test_best_of_those_that_are_not_good_enough_comes_next() -> None:
    """If the cheapest that is good enough fails, quality decides."""
    inputs = [
        RankingInput(quality=quality, cost=cost, latency=None)
        for quality, cost in ((0.9, 9.0), (0.85, 5.0), (0.5, 0.1), (0.6, 0.2))
    ]

    scores = ranking_scores(inputs, SlackGoal(slack=0.1))

    order = sorted(range(4), key=lambda place: -scores[place].score)
    assert order == [1, 0, 3, 2]


@pytest.mark.parametrize("goal", [WorthGoal(), SlackGoal(slack=0.1)])
def test_unknown_price_and_latency_in_dollars(goal: RankingGoal) -> None:
    """As with weights: the dearest, and as fast as the best known."""
    unknown = RankingInput(quality=0.9, cost=None, latency=None)

    first, strong, cheap = ranking_scores([unknown, STRONG, CHEAP], goal)

    assert (first.cost, strong.cost) == (0.0, 0.0)
    assert first.latency == cheap.latency == 0.75


@given(
    st.lists(
        st.builds(
            RankingInput,
            quality=st.floats(0, 1),
            cost=st.none() | st.floats(0, 10),
            latency=st.none() | st.floats(0, 100),
            late=st.none() | st.floats(0, 100),
            success_rate=st.none() | st.floats(0, 1),
        ),
        min_size=1,
        max_size=6,
    ),
    st.none() | st.floats(0.1, 50),
    st.sampled_from([Weights(), WorthGoal(), SlackGoal(slack=0.2)]),
)
def test_who_is_worse_in_nothing_never_scores_less(
    inputs: list[RankingInput], latency_budget: float | None, goal: RankingGoal
) -> None:
    """Every part counts in its own direction, and the latency budget above all."""
    scores = ranking_scores(inputs, goal, latency_budget=latency_budget)

    for first, second in itertools.permutations(scores, 2):
        if (
            first.quality >= second.quality
            and first.cost >= second.cost
            and first.latency >= second.latency
            and first.health >= second.health
            and first.keeps_latency_budget >= second.keeps_latency_budget
        ):
            assert first.score >= second.score - 1e-9
        if first.keeps_latency_budget > second.keeps_latency_budget:
            assert first.score >= second.score - 1e-9
    assert all(0 <= each.cost <= 1 and 0 <= each.latency <= 1 for each in scores)


class TestQuality:
    """What to expect of a model's answers."""

    def test_tasks_have_their_own(self) -> None:
        """A model that codes well need not translate well."""
        quality = Quality(general=0.5, of_tasks={Task.CODE: 0.9})

        assert quality.expected(Task.CODE, 0.5) == pytest.approx(0.9)
        assert quality.expected(Task.TRANSLATION, 0.5) == pytest.approx(0.5)

    def test_differences_grow_with_complexity(self) -> None:
        """Everybody masters what is trivial."""
        strong, weak = Quality(general=0.9), Quality(general=0.6)

        gaps = [
            strong.expected(Task.CHAT, complexity) - weak.expected(Task.CHAT, complexity)
            for complexity in (0.0, 0.25, 0.5, 1.0)
        ]

        assert gaps[0] == 0.0
        assert gaps == sorted(gaps)

    def test_hardest_task_asks_for_the_square(self) -> None:
        """Of the value at a complexity of one half; a trivial one is mastered by everybody."""
        quality = Quality(general=0.5)

        assert [quality.expected(Task.CHAT, each) for each in (0.0, 0.5, 1.0)] == [1.0, 0.5, 0.25]

    def test_both_ends_are_qualities(self) -> None:
        """A model may be hopeless, or perfect."""
        assert [Quality(general=value).general for value in (0.0, 1.0)] == [0.0, 1.0]

    @pytest.mark.parametrize("value", [-0.1, 1.1])
    def test_impossible_quality_is_refused(self, value: float) -> None:
        """In general and for a task."""
        with pytest.raises(ValueError, match="between 0 and 1"):
            Quality(general=value)
        with pytest.raises(ValueError, match="between 0 and 1"):
            Quality(of_tasks={Task.CHAT: value})


@pytest.mark.parametrize(
    ("field", "value"), [("quality", -1.0), ("cost", float("inf")), ("latency", float("nan"))]
)
def test_impossible_weight_is_refused(field: str, value: float) -> None:
    """By its name."""
    with pytest.raises(ValueError, match=field):
        Weights(**{field: value})


@pytest.mark.parametrize("field", ["quality", "cost", "latency"])
def test_one_weight_alone_is_enough(field: str) -> None:
    """However small; the others may be nothing."""
    weights = Weights(**{"quality": 0.0, "cost": 0.0, "latency": 0.0, field: 0.5})

    assert getattr(weights, field) == 0.5


@pytest.mark.parametrize("field", ["quality", "cost", "latency"])
def test_wishes_are_weights(field: str) -> None:
    """From nothing upwards, and never without end."""
    wish = WeightWishes(**{field: 0.0})

    assert wish
    assert getattr(wish, field) == 0.0
    for value in (-0.1, math.inf, math.nan):
        with pytest.raises(ValueError, match=field):
            WeightWishes(**{field: value})


def test_wishes_override_only_what_they_set_and_the_last_one_wins() -> None:
    """The request's override the tenant's; unset weights are the policy's."""
    policy = Weights(quality=1, cost=2, latency=3)

    assert weighed(policy) == policy
    assert weighed(policy, WeightWishes()) == policy
    for field in ("quality", "cost", "latency"):
        wished = weighed(policy, WeightWishes(**{field: 9.0}))
        assert wished == dataclasses.replace(policy, **{field: 9.0})
        again = weighed(policy, WeightWishes(**{field: 9.0}), WeightWishes(**{field: 0.0}))
        assert again == dataclasses.replace(policy, **{field: 0.0})


def test_wishes_that_leave_nothing_to_weigh_by_are_not_heeded() -> None:
    """Something has to decide, however little it weighs."""
    policy = Weights(quality=1, cost=0, latency=0)

    assert weighed(policy, WeightWishes(quality=0.0)) == policy
    assert weighed(policy, WeightWishes(quality=0.0, latency=0.1)) == Weights(
        quality=0, cost=0, latency=0.1
    )
    assert weighed(policy, WeightWishes(quality=0.0, cost=0.1)) == Weights(
        quality=0, cost=0.1, latency=0
    )


def test_kept_latency_budget_counts_more_than_everything_else_together() -> None:
    """Exactly as much as the weights of all parts."""
    scores = ranking_scores([STRONG], Weights(quality=1, cost=2, latency=3))[0]

    assert scores.budget_weight == 7.0
    assert scores.score == 1 * 0.9 + 2 * 1.0 + 3 * 1.0 + 1.0 + 7.0


def test_weights_that_weigh_nothing_are_refused() -> None:
    """There would be no order."""
    with pytest.raises(ValueError, match="above 0"):
        Weights(quality=0, cost=0, latency=0)


def test_latency_budget_that_is_missed_counts_nothing() -> None:
    """The score is then that of the parts alone."""
    weights = Weights(quality=1, cost=1, latency=1)
    kept, missed = ranking_scores([CHEAP, STRONG], weights, latency_budget=2.0)
    parts = missed.quality + missed.cost + missed.latency + HEALTH_WEIGHT * missed.health

    assert missed.score == pytest.approx(parts)
    assert kept.score > missed.score
