"""Static rules: the first that matches decides."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from routersvc.domain.catalogue.route_rules import (
    RouteHours,
    RouteMatch,
    RouteQuestion,
    RouteRule,
    first_match,
)
from routersvc.domain.catalogue.tasks import Task

NOON = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC).timestamp()
"""A Wednesday."""

ASKED = RouteQuestion(
    task=Task.CODE,
    complexity=0.5,
    input_tokens=1000,
    labels={"team": "search"},
    tenant="acme",
    at=NOON,
)


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        (RouteMatch(), True),
        (RouteMatch(tasks=frozenset({Task.CODE, Task.MATHS})), True),
        (RouteMatch(tasks=frozenset({Task.MATHS})), False),
        (RouteMatch(min_complexity=0.5), True),
        (RouteMatch(min_complexity=0.51), False),
        (RouteMatch(max_complexity=0.5), True),
        (RouteMatch(max_complexity=0.49), False),
        (RouteMatch(min_input_tokens=1000), True),
        (RouteMatch(min_input_tokens=1001), False),
        (RouteMatch(max_input_tokens=1000), True),
        (RouteMatch(max_input_tokens=999), False),
        (RouteMatch(labels={"team": "search"}), True),
        (RouteMatch(labels={"team": "mail"}), False),
        (RouteMatch(labels={"tier": "gold"}), False),
        (RouteMatch(tenants=frozenset({"acme"})), True),
        (RouteMatch(tenants=frozenset({"other"})), False),
        (RouteMatch(hours=RouteHours(start=11 * 3600, end=13 * 3600)), True),
        (RouteMatch(hours=RouteHours(start=13 * 3600, end=14 * 3600)), False),
        (RouteMatch(tasks=frozenset({Task.CODE}), tenants=frozenset({"other"})), False),
    ],
)
def test_everything_that_is_set_has_to_hold(match: RouteMatch, fits: bool) -> None:  # noqa: FBT001
    """At the border and just beyond it."""
    assert match.fits(ASKED) is fits


def test_first_rule_that_matches_decides() -> None:
    """The order is the operator's."""
    rules = [
        RouteRule(
            name="maths", match=RouteMatch(tasks=frozenset({Task.MATHS})), deployments=("a",)
        ),
        RouteRule(name="code", match=RouteMatch(tasks=frozenset({Task.CODE})), deployments=("b",)),
        RouteRule(name="rest", match=RouteMatch(), deployments=("c",)),
    ]

    decided = first_match(rules, ASKED)

    assert decided is rules[1]
    assert first_match(rules, dataclasses.replace(ASKED, task=Task.CHAT)) is rules[2]
    assert first_match(rules[:2], dataclasses.replace(ASKED, task=Task.CHAT)) is None


@pytest.mark.parametrize(
    ("weekday", "hour", "holds"),
    [(2, 21, False), (2, 22, True), (3, 5, True), (3, 6, False), (3, 23, False), (4, 1, False)],
)
def test_hours_over_midnight_belong_to_the_day_they_begin_on(
    weekday: int,
    hour: int,
    holds: bool,  # noqa: FBT001
) -> None:
    """Wednesday's night ends on Thursday morning."""
    night = RouteHours(start=22 * 3600, end=6 * 3600, weekdays=frozenset({2}))
    monday = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)

    at = (monday + dt.timedelta(days=weekday, hours=hour)).timestamp()

    assert night.holds(at) is holds


@pytest.mark.parametrize("times", [(0, 0), (-1, 5), (0, 86_401), (86_400, 5)])
def test_impossible_hours_are_refused(times: tuple[int, int]) -> None:
    """A day has 86,400 seconds."""
    with pytest.raises(ValueError, match="start"):
        RouteHours(start=times[0], end=times[1])


def test_impossible_match_is_refused() -> None:
    """By the names of its bounds."""
    with pytest.raises(ValueError, match="min_complexity"):
        RouteMatch(min_complexity=0.6, max_complexity=0.5)
    with pytest.raises(ValueError, match="min_input_tokens"):
        RouteMatch(min_input_tokens=10, max_input_tokens=5)
    with pytest.raises(ValueError, match="at least one"):
        RouteRule(name="r", match=RouteMatch(), deployments=())
