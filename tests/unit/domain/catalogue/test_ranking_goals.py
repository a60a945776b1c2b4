"""What ranking aims at, and how tenants and requests override it."""

from __future__ import annotations

import pytest

from routersvc.domain.catalogue.ranking_goals import (
    GoalWishes,
    RankingGoal,
    SlackGoal,
    WorthGoal,
    goal_of,
)
from routersvc.domain.catalogue.weights import Weights, WeightWishes

NO_WEIGHTS = WeightWishes()
NO_WORTH = GoalWishes()


@pytest.mark.parametrize(
    ("goal", "wish", "expected"),
    [
        (WorthGoal(second_usd=0.5), GoalWishes(), WorthGoal(second_usd=0.5)),
        (
            WorthGoal(second_usd=0.5),
            GoalWishes(quality_usd=2.0),
            WorthGoal(quality_usd=2.0, second_usd=0.5),
        ),
        (WorthGoal(quality_usd=3.0), GoalWishes(slack=0.1), SlackGoal(slack=0.1)),
        (SlackGoal(slack=0.1), GoalWishes(quality_usd=2.0), WorthGoal(quality_usd=2.0)),
        (
            SlackGoal(slack=0.1),
            GoalWishes(second_usd=0.0),
            SlackGoal(slack=0.1, second_usd=0.0),
        ),
        (Weights(quality=9.0), GoalWishes(quality_usd=2.0), WorthGoal(quality_usd=2.0)),
    ],
)
def test_worth_overrides_what_it_sets(
    goal: RankingGoal, wish: GoalWishes, expected: RankingGoal
) -> None:
    """And replaces weights."""
    assert goal_of(goal, (NO_WEIGHTS, wish)) == expected


def test_weights_replace_worth_and_the_last_wish_wins() -> None:
    """A request may go back to dollars where its tenant weighs."""
    weights = (WeightWishes(quality=2.0), NO_WORTH)
    dollars = (NO_WEIGHTS, GoalWishes(quality_usd=1.0))

    assert goal_of(WorthGoal(), weights) == Weights(quality=2.0)
    assert goal_of(Weights(cost=5.0), weights) == Weights(quality=2.0, cost=5.0)
    assert goal_of(WorthGoal(), weights, dollars) == WorthGoal(quality_usd=1.0)
    assert goal_of(WorthGoal(), dollars, weights) == Weights(quality=2.0)


def test_default_worth_grows_with_long_requests() -> None:
    """A worth that is set holds for every request."""
    assert [WorthGoal().of_right_answer(tokens) for tokens in (0, 2_000, 4_000, 200_000)] == [
        0.1,
        0.1,
        0.2,
        pytest.approx(10.0),
    ]
    assert WorthGoal(quality_usd=0.0).of_right_answer(200_000) == 0.0


@pytest.mark.parametrize("value", [-0.1, float("inf"), float("nan")])
def test_impossible_amounts_are_refused(value: float) -> None:
    """By their names."""
    with pytest.raises(ValueError, match="worth_of_quality_usd"):
        WorthGoal(quality_usd=value)
    with pytest.raises(ValueError, match="worth_of_second_usd"):
        WorthGoal(second_usd=value)
    with pytest.raises(ValueError, match="quality_slack"):
        SlackGoal(slack=value)
    with pytest.raises(ValueError, match="worth_of_quality_usd"):
        GoalWishes(quality_usd=value)
    with pytest.raises(ValueError, match="quality_slack"):
        GoalWishes(slack=1.1 if value == float("inf") else value)


def test_wish_for_worth_and_slack_is_refused() -> None:
    """One of them has to decide."""
    with pytest.raises(ValueError, match="conflicts"):
        GoalWishes(quality_usd=1.0, slack=0.1)
