"""What the ranking of models aims at: worth in dollars, enough quality, or weights.

Worth is the default. A model is ranked by the money that its answer is expected to be worth: the
chance that the answer is right, times the worth of a right one, less what it costs.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TypeAlias

from routersvc.domain.catalogue.weights import EVEN_WEIGHTS, Weights, WeightWishes, weighed

WORTH_OF_QUALITY = 0.10
"""US dollars that one right answer more is worth by default, to a request of `TOKENS_OF_WORTH`."""

TOKENS_OF_WORTH = 2_000
"""Tokens of prompt and answer up to which the default worth is the same.

Above, it grows in proportion: prices do as well, and with a constant worth no quality could justify
the price of a long prompt.
"""

WORTH_OF_SECOND = 0.0002
"""US dollars that an answer one second earlier is worth by default."""


def _check(name: str, value: float | None, *, most: float = math.inf) -> None:
    if value is not None and not (0 <= value <= most and value < math.inf):
        limits = "at least 0" if most == math.inf else f"between 0 and {most:g}"
        raise ValueError(f"`{name}` must be {limits}, not {value}")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class WorthGoal:
    """The model whose answer is worth the most beyond its cost, in US dollars.

    `quality_usd` is the worth of one right answer more; `None` is `WORTH_OF_QUALITY`, more for
    large requests. `second_usd` is the worth of an answer one second earlier.
    """

    quality_usd: float | None = None
    second_usd: float = WORTH_OF_SECOND

    def __post_init__(self) -> None:
        _check("worth_of_quality_usd", self.quality_usd)
        _check("worth_of_second_usd", self.second_usd)

    def of_right_answer(self, tokens: int) -> float:
        """Return the worth of one right answer more to a request of so many tokens."""
        if self.quality_usd is not None:
            return self.quality_usd
        return WORTH_OF_QUALITY * max(1.0, tokens / TOKENS_OF_WORTH)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class SlackGoal:
    """The cheapest model whose expected quality is at most `slack` below the best.

    Models that cost the same are ranked by latency at `second_usd` US dollars per second.
    """

    slack: float
    second_usd: float = WORTH_OF_SECOND

    def __post_init__(self) -> None:
        _check("quality_slack", self.slack, most=1.0)
        _check("worth_of_second_usd", self.second_usd)


RankingGoal: TypeAlias = Weights | WorthGoal | SlackGoal
"""What ranking aims at; `Weights` combine values relative to the best eligible model."""

DEFAULT_GOAL = WorthGoal()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class GoalWishes:
    """The parts of a goal in dollars that a tenant or a request overrides.

    `quality_usd` and `slack` exclude each other.
    """

    quality_usd: float | None = None
    slack: float | None = None
    second_usd: float | None = None

    def __post_init__(self) -> None:
        _check("worth_of_quality_usd", self.quality_usd)
        _check("quality_slack", self.slack, most=1.0)
        _check("worth_of_second_usd", self.second_usd)
        if self.quality_usd is not None and self.slack is not None:
            raise ValueError("`quality_slack` conflicts with `worth_of_quality_usd`")

    def __bool__(self) -> bool:
        """Whether any part is set."""
        return (self.quality_usd, self.slack, self.second_usd) != (None, None, None)


NO_GOAL_WISHES = GoalWishes()


def goal_of(goal: RankingGoal, *wishes: tuple[WeightWishes, GoalWishes]) -> RankingGoal:
    """Return the goal with the overrides of each of `wishes`, in order.

    Weights replace a goal in dollars and the other way round; weights that are not set are then 1.
    Where one of `wishes` has both, its weights count.
    """
    for weights, worth in wishes:
        if weights:
            goal = weighed(goal if isinstance(goal, Weights) else EVEN_WEIGHTS, weights)
        elif worth:
            goal = _in_dollars(goal, worth)
    return goal


def _in_dollars(goal: RankingGoal, wish: GoalWishes) -> WorthGoal | SlackGoal:
    base = DEFAULT_GOAL if isinstance(goal, Weights) else goal
    second = base.second_usd if wish.second_usd is None else wish.second_usd
    if wish.slack is not None:
        return SlackGoal(slack=wish.slack, second_usd=second)
    if wish.quality_usd is not None:
        return WorthGoal(quality_usd=wish.quality_usd, second_usd=second)
    return dataclasses.replace(base, second_usd=second)
