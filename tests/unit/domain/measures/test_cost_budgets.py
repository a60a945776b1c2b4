"""Dollars are reserved before they are spent, and forgotten when the window has passed."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.measures.cost_budgets import (
    BudgetDowngradeRule,
    BudgetStanding,
    CostBudget,
    CostBudgetRule,
    CostBudgets,
)

RULE = CostBudgetRule(usd=10.0, window=60.0)


def test_what_is_reserved_cannot_be_reserved_again() -> None:
    """Two calls side by side do not spend the same dollar."""
    budget = CostBudget(RULE)

    taken = [budget.reserve(4.0, 0.0) for _ in range(3)]

    assert taken == [True, True, False]
    assert budget.standing(0.0).left_usd == 2.0
    assert budget.standing(0.0).used_share == 0.8


def test_settling_books_what_was_spent_and_frees_the_rest() -> None:
    """A cheap answer leaves room for the next."""
    budget = CostBudget(RULE)
    budget.reserve(9.0, 0.0)

    budget.settle(reserved_usd=9.0, spent_usd=1.5, now=0.5)

    assert budget.standing(0.5) == BudgetStanding(
        rule=RULE, spent_usd=1.5, reserved_usd=0.0, leaving=((60.5, 1.5),)
    )
    assert budget.reservations == 0


def test_answer_longer_than_expected_is_booked_in_full() -> None:
    """Even above the limit: it was spent."""
    budget = CostBudget(RULE)
    budget.reserve(10.0, 0.0)

    budget.settle(reserved_usd=10.0, spent_usd=12.0, now=0.0)

    assert budget.standing(0.0).left_usd == 0.0
    assert budget.standing(0.0).used_share == 1.2


@pytest.mark.parametrize(("now", "left"), [(60.0, 6.0), (60.999, 6.0), (61.0, 10.0)])
def test_spent_money_counts_for_the_window(now: float, left: float) -> None:
    """Never for less, and for one slice of sixty more at most."""
    budget = CostBudget(RULE)
    budget.reserve(4.0, 0.0)
    budget.settle(reserved_usd=4.0, spent_usd=4.0, now=0.0)

    assert budget.standing(now).left_usd == left


def test_time_to_come_back_is_when_enough_is_forgotten() -> None:
    """As far as money that running calls hold back does not come free before."""
    budget = CostBudget(RULE)
    for now, usd in ((0.0, 4.0), (30.0, 5.0)):
        budget.reserve(usd, now)
        budget.settle(reserved_usd=usd, spent_usd=usd, now=now)
    standing = budget.standing(40.0)

    waits = {usd: standing.wait(usd) for usd in (1.0, 5.0, 6.0, 10.0, 10.5)}

    assert waits == {1.0: 0.0, 5.0: 21.0, 6.0: 51.0, 10.0: 51.0, 10.5: None}


def test_downgrade_begins_at_its_threshold() -> None:
    """Reserved money counts: it is as good as spent."""
    downgrade = BudgetDowngradeRule(threshold=0.8, policy="cheap")
    budget = CostBudget(dataclasses.replace(RULE, downgrade=downgrade))
    budget.reserve(7.9, 0.0)
    before = budget.standing(0.0).downgrade
    budget.reserve(0.1, 0.0)

    after = budget.standing(0.0).downgrade

    assert (before, after) == (None, downgrade)


def test_what_is_settled_is_free_for_others_while_more_is_reserved() -> None:
    """Exactly what was set aside, whatever else is under way."""
    budget = CostBudget(RULE)
    for usd in (2.0, 3.0, 4.0):
        assert budget.reserve(usd, 0.0)

    budget.settle(reserved_usd=3.0, spent_usd=0.0, now=0.0)

    assert budget.standing(0.0).reserved_usd == pytest.approx(6.0)
    assert budget.standing(0.0).left_usd == pytest.approx(4.0)
    budget.settle(reserved_usd=4.0, spent_usd=0.0, now=0.0)
    budget.settle(reserved_usd=2.0, spent_usd=0.0, now=0.0)
    assert budget.standing(0.0).reserved_usd == 0.0


@pytest.mark.parametrize("window", [0.5, 30.0, 60.0, 600.0])
def test_who_has_spent_everything_hears_when_it_is_forgotten(window: float) -> None:
    """No sooner than a window after it was spent, and a slice later at most."""
    budget = CostBudget(CostBudgetRule(usd=10.0, window=window))
    budget.reserve(10.0, 0.0)
    budget.settle(reserved_usd=10.0, spent_usd=10.0, now=0.0)

    wait = budget.standing(0.0).wait(1.0)

    assert wait is not None
    assert window <= wait <= window * 1.1
    assert not budget.reserve(1.0, wait * 0.99)
    assert budget.reserve(1.0, wait * 1.001)


@pytest.mark.parametrize("spent_later", [0.0, 1.0])
def test_what_others_spend_later_forgets_nothing_sooner(spent_later: float) -> None:
    """A whole window later to the slice, the first dollars still count."""
    budget = CostBudget(RULE)
    budget.reserve(9.0, 0.5)
    budget.settle(reserved_usd=9.0, spent_usd=9.0, now=0.5)
    leaves = 0.5 + (budget.standing(0.5).wait(9.0) or 0.0)
    just_before = leaves - 0.25

    budget.reserve(1.0, just_before)
    budget.settle(reserved_usd=1.0, spent_usd=spent_later, now=just_before)

    assert budget.standing(just_before).spent_usd == 9.0 + spent_later


def test_downgrade_may_wait_until_everything_is_used_up() -> None:
    """The last call that a budget pays for is then the last one of the better policy."""
    downgrade = BudgetDowngradeRule(threshold=1.0, policy="cheap")
    budget = CostBudget(dataclasses.replace(RULE, downgrade=downgrade))
    budget.reserve(9.9, 0.0)

    before = budget.standing(0.0).downgrade
    budget.reserve(0.1, 0.0)

    assert (before, budget.standing(0.0).downgrade) == (None, downgrade)


def test_tenant_without_a_budget_has_no_standing() -> None:
    """It reserves nothing, so there is nothing to settle."""
    budgets = CostBudgets({"poor": RULE})

    assert budgets.standing("rich", 0.0) is None
    assert budgets.reserve("rich", 1e9, 0.0) is None
    assert budgets.reservations == 0


def test_budgets_of_tenants_are_apart() -> None:
    """One that has spent all leaves the other its own."""
    budgets = CostBudgets({"a": RULE, "b": RULE})
    reservation = budgets.reserve("a", 10.0, 0.0)
    other = budgets.standing("b", 0.0)

    assert reservation is not None
    assert other is not None
    assert other.left_usd == 10.0
    with pytest.raises(ValueError, match="do not fit"):
        budgets.reserve("a", 0.01, 0.0)


@pytest.mark.parametrize(
    "make",
    [
        lambda: CostBudgetRule(usd=0.0, window=1.0),
        lambda: CostBudgetRule(usd=1.0, window=0.0),
        lambda: BudgetDowngradeRule(threshold=0.0, policy="cheap"),
        lambda: CostBudgetRule(usd=math.inf, window=1.0),
        lambda: CostBudgetRule(usd=1.0, window=math.inf),
        lambda: BudgetDowngradeRule(threshold=1.1, policy="cheap"),
        lambda: BudgetDowngradeRule(threshold=0.5),
    ],
)
def test_rules_that_mean_nothing_are_refused(make: object) -> None:
    """The error names the valid range."""
    assert callable(make)
    with pytest.raises(ValueError, match="`"):
        make()


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.3, 1.0, 7.0, 59.0, 61.0, 500.0]),
            st.sampled_from([0.01, 0.1, 1.0, 3.3, 9.9]),
            st.sampled_from([0.0, 0.5, 1.0]),
            st.integers(0, 3),
        ),
        max_size=40,
    )
)
def test_no_window_ever_holds_more_than_the_limit(
    steps: list[tuple[float, float, float, int]],
) -> None:
    """Where no answer costs more than was set aside for it, whatever the order of ends."""
    budget = CostBudget(RULE)
    running: list[tuple[float, float]] = []
    spent: list[tuple[float, float]] = []
    now = 0.0

    for pause, usd, share, place in steps:
        now += pause
        if budget.reserve(usd, now):
            running.append((usd, usd * share))
        if running and place:
            reserved, cost = running.pop(place % len(running))
            budget.settle(reserved_usd=reserved, spent_usd=cost, now=now)
            spent.append((now, cost))
        in_window = sum(cost for at, cost in spent if at >= now - RULE.window)
        standing = budget.standing(now)
        assert in_window + sum(reserved for reserved, _ in running) <= RULE.usd * (1 + 1e-6)
        assert standing.spent_usd >= in_window - 1e-9
        assert budget.reservations == len(running)

    for reserved, _ in running:
        budget.settle(reserved_usd=reserved, spent_usd=0.0, now=now)
    assert budget.standing(now).reserved_usd == 0.0
    assert budget.standing(now + 62.0).left_usd == RULE.usd


def test_settling_one_of_two_leaves_the_other_reserved() -> None:
    """To the cent, however little it is."""
    budget = CostBudget(RULE)
    budget.reserve(0.5, 0.0)
    budget.reserve(0.3, 0.0)

    budget.settle(reserved_usd=0.5, spent_usd=0.0, now=1.0)

    assert budget.standing(1.0).reserved_usd == pytest.approx(0.3)


def test_spending_of_one_slice_is_one_entry() -> None:
    """However many calls a second there are, the window holds no more than its slices."""
    budget = CostBudget(RULE)
    for _ in range(3):
        budget.reserve(1.0, 100.0)
        budget.settle(reserved_usd=1.0, spent_usd=0.25, now=100.0)

    (entry,) = budget.standing(100.0).leaving

    assert entry[1] == 0.75
