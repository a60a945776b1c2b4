"""How often a tenant may call."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.measures.call_rates import CallRate, CallRateRule, CallRates


def test_calls_at_once_are_as_many_as_the_rule_says() -> None:
    """Then each waits for its share of the window."""
    rate = CallRate(CallRateRule(calls=3, window=6.0))

    waits = [rate.take(now) for now in (0.0, 0.0, 0.0, 0.0, 1.5, 2.0, 2.0)]

    assert waits == [0.0, 0.0, 0.0, 2.0, 0.5, 0.0, 2.0]


def test_rates_of_tenants_are_apart() -> None:
    """And a tenant without one is never refused."""
    rates = CallRates({"a": CallRateRule(calls=1, window=1.0)})

    assert [rates.take(tenant, 0.0) for tenant in ("a", "a", "b", "b")] == [0.0, 1.0, 0.0, 0.0]


@pytest.mark.parametrize(
    "make",
    [
        lambda: CallRateRule(calls=0, window=1.0),
        lambda: CallRateRule(calls=1, window=0.0),
        lambda: CallRateRule(calls=1, window=math.inf),
    ],
)
def test_rules_that_mean_nothing_are_refused(make: object) -> None:
    """The error names the valid range."""
    assert callable(make)
    with pytest.raises(ValueError, match="`"):
        make()


@given(
    calls=st.integers(1, 7),
    pauses=st.lists(st.sampled_from([0.0, 0.1, 0.5, 1.0, 3.0, 20.0]), max_size=60),
)
def test_no_span_lets_more_pass_than_was_granted_for_it(calls: int, pauses: list[float]) -> None:
    """A burst, then one call for each share of the window; a caller that waits as told passes."""
    rule = CallRateRule(calls=calls, window=10.0)
    rate = CallRate(rule)
    passed: list[float] = []
    now = 0.0

    for pause in pauses:
        now += pause
        wait = rate.take(now)
        if wait:
            now += wait
            assert rate.take(now) == 0.0
        passed.append(now)

    for place, since in enumerate(passed):
        for until in passed[place:]:
            inside = sum(since <= each <= until for each in passed)
            assert inside <= calls + (until - since) * calls / rule.window + 1e-3
