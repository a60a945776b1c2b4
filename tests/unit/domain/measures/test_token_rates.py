"""Tokens of a tenant: taken before they are used, settled after."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.measures.token_rates import TokenRate, TokenRateRule

RULE = TokenRateRule(tokens=1_000, window=60.0)


def test_tokens_are_taken_and_come_back() -> None:
    """As many at once as the limit, then as they come back: one in 0.06 s."""
    rate = TokenRate(RULE)

    assert [rate.take(600, 0.0), rate.take(400, 0.0)] == [0.0, 0.0]
    assert round(rate.take(100, 0.0), 9) == 6.0
    assert round(rate.take(100, 4.0), 9) == 2.0
    assert rate.take(100, 6.0) == 0.0


def test_what_was_not_used_is_given_back() -> None:
    """A call that was expected to be long and was not takes nothing from the next one."""
    rate = TokenRate(RULE)
    rate.take(1_000, 0.0)

    rate.settle(taken=1_000, used=100)

    assert rate.take(900, 0.0) == 0.0


def test_what_was_used_beyond_is_taken() -> None:
    """A longer answer is booked in full; the next call waits for it."""
    rate = TokenRate(RULE)
    rate.take(100, 0.0)

    rate.settle(taken=100, used=2_000)

    assert round(rate.take(1, 0.0), 6) == 60.06


def test_call_larger_than_the_limit_passes_a_full_bucket() -> None:
    """Otherwise it could never be served; the calls after it wait for all of it."""
    rate = TokenRate(RULE)

    assert rate.take(3_000, 0.0) == 0.0
    assert round(rate.take(3_000, 0.0), 6) == 180.0
    assert rate.take(3_000, 180.0) == 0.0


def test_reload_keeps_what_is_missing() -> None:
    """Another limit does not fill the bucket."""
    rate = TokenRate(RULE)
    rate.take(1_000, 0.0)

    rate.reconfigure(TokenRateRule(tokens=2_000, window=60.0), 0.0)

    assert rate.take(1_000, 0.0) == 0.0
    assert round(rate.take(1, 0.0), 6) == 0.03


@given(
    st.lists(
        st.tuples(st.floats(0.0, 30.0), st.integers(0, 1_500), st.integers(0, 1_500)),
        max_size=40,
    )
)
def test_calls_that_use_what_they_take_stay_within_the_limit(
    calls: list[tuple[float, int, int]],
) -> None:
    """Over any span, at most the bucket, what comes back, and one call that is larger than it."""
    rate, now, used = TokenRate(RULE), 0.0, 0
    largest = 0
    for pause, taken, kept in calls:
        now += pause
        if rate.take(taken, now) == 0:
            kept = min(kept, taken)  # noqa: PLW2901 - what the call really used
            rate.settle(taken=taken, used=kept)
            used += kept
            largest = max(largest, taken)

    assert used <= 1_000 + now * 1_000 / 60 + max(0, largest - 1_000) + 1e-6
