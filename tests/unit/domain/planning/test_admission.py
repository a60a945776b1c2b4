"""How many running calls refuse a call of each priority."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.catalogue.policies import Priority
from routersvc.domain.planning.admission import PERCENT_OF_PLACES, places_for


@pytest.mark.parametrize(
    ("limit", "low", "normal"),
    [(1, 1, 1), (2, 1, 1), (3, 2, 2), (4, 3, 3), (20, 15, 19), (100, 75, 95), (1000, 750, 950)],
)
def test_shares_are_rounded_down_to_at_least_one_place(limit: int, low: int, normal: int) -> None:
    """A router with a single place serves every priority."""
    assert places_for(Priority.LOW, limit) == low
    assert places_for(Priority.NORMAL, limit) == normal
    assert places_for(Priority.HIGH, limit) == limit


def test_every_priority_has_a_share() -> None:
    """A priority without one could not be admitted."""
    assert PERCENT_OF_PLACES.keys() == set(Priority)


@given(st.integers(min_value=1, max_value=1_000_000))
def test_a_higher_priority_never_has_fewer_places(limit: int) -> None:
    """Low priority is shed first, whatever the limit is."""
    low, normal, high = (places_for(priority, limit) for priority in Priority)

    assert 1 <= low <= normal <= high == limit
