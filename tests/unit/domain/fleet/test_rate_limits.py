"""Traffic moves away before a provider refuses it, and comes back when it would not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.conversation.rate_limit_headroom import RateLimitHeadroom
from routersvc.domain.fleet.rate_limits import LONGEST_TRUST, UNSTATED_RESET, RateLimitLedger


def requests(
    remaining: int, *, limit: int | None = None, reset: float | None = 60.0
) -> RateLimitHeadroom:
    """Return a word on requests alone."""
    return RateLimitHeadroom(
        remaining_requests=remaining, limit_requests=limit, requests_reset=reset
    )


def tokens(
    remaining: int, *, limit: int | None = None, reset: float | None = 60.0
) -> RateLimitHeadroom:
    """Return a word on tokens alone."""
    return RateLimitHeadroom(remaining_tokens=remaining, limit_tokens=limit, tokens_reset=reset)


def test_nothing_is_held_back_before_the_provider_has_spoken() -> None:
    """Most self-hosted servers never say anything."""
    ledger = RateLimitLedger()
    for _ in range(1000):
        ledger.sent(1_000_000)

    assert ledger.wait(1_000_000, now=0.0) == 0.0
    assert ledger.headroom is None
    assert ledger.age(5.0) is None


def test_last_request_of_the_window_passes_and_the_next_waits() -> None:
    """Exactly what the provider would do."""
    ledger = RateLimitLedger()
    ledger.observed(requests(2), ledger.sent(10), now=0.0)
    ledger.sent(10)
    before_the_last = ledger.wait(10, now=1.0)

    ledger.sent(10)

    assert before_the_last == 0.0
    assert ledger.wait(10, now=1.0) == 59.0


def test_tokens_are_counted_by_size() -> None:
    """A small call may still fit where a large one does not."""
    ledger = RateLimitLedger()
    ledger.observed(tokens(1000), ledger.sent(500), now=0.0)
    ledger.sent(400)

    assert ledger.wait(600, now=0.0) == 0.0
    assert ledger.wait(601, now=0.0) == 60.0


def test_the_longer_of_both_waits_counts() -> None:
    """Both limits have to be kept."""
    ledger = RateLimitLedger()
    headroom = RateLimitHeadroom(
        remaining_requests=0, requests_reset=5.0, remaining_tokens=0, tokens_reset=30.0
    )

    ledger.observed(headroom, ledger.sent(1), now=0.0)

    assert ledger.wait(1, now=0.0) == 30.0
    assert ledger.wait(0, now=0.0) == 5.0


def test_limit_comes_back_evenly() -> None:
    """A bucket of 60 that is full again in 60 s gives one a second."""
    ledger = RateLimitLedger()
    ledger.observed(requests(0, limit=60, reset=60.0), ledger.sent(1), now=0.0)

    waits = [ledger.wait(1, now) for now in (0.0, 0.75, 1.0)]
    ledger.sent(1)

    assert waits == [1.0, 0.25, 0.0]
    assert ledger.wait(1, now=1.0) == 1.0


def test_partly_used_limit_comes_back_at_the_same_pace() -> None:
    """With 40 of 60 used and full again in 40 s it is one a second as well."""
    ledger = RateLimitLedger()
    ledger.observed(tokens(20, limit=60, reset=40.0), ledger.sent(1), now=0.0)

    assert ledger.wait(20, now=0.0) == 0.0
    assert ledger.wait(30, now=0.0) == 10.0
    assert ledger.wait(60, now=0.0) == 40.0


def test_a_call_larger_than_the_limit_waits_for_a_full_bucket() -> None:
    """It never fits by the numbers, which are an estimate: then it is tried when all is there."""
    ledger = RateLimitLedger()
    ledger.observed(tokens(20, limit=60, reset=40.0), ledger.sent(1), now=0.0)

    assert ledger.wait(1_000_000, now=0.0) == 40.0
    assert ledger.wait(1_000_000, now=40.0) == 0.0


def test_full_limit_holds_nothing_back() -> None:
    """Nothing is used, so nothing has to come back."""
    ledger = RateLimitLedger()

    ledger.observed(tokens(60, limit=60, reset=0.0), ledger.sent(1), now=0.0)

    assert ledger.wait(60, now=0.0) == 0.0


def test_calls_sent_after_the_answered_one_are_not_counted_in_its_answer() -> None:
    """An answer takes seconds; by then many others are on their way."""
    ledger = RateLimitLedger()
    answered = ledger.sent(10)
    for _ in range(3):
        ledger.sent(10)

    ledger.observed(requests(3), answered, now=2.0)

    assert ledger.wait(10, now=2.0) == 60.0


def test_call_above_the_whole_limit_passes_where_all_is_left() -> None:
    """It never fits; waiting longer would not help it."""
    ledger = RateLimitLedger()

    ledger.observed(tokens(1000, limit=1000), ledger.sent(10), now=0.0)

    assert ledger.wait(5000, now=0.0) == 0.0


def test_overtaken_answer_is_ignored() -> None:
    """It tells of an earlier moment, when more was left."""
    ledger = RateLimitLedger()
    first = ledger.sent(10)
    second = ledger.sent(10)
    ledger.observed(requests(0), second, now=1.0)

    ledger.observed(requests(50), first, now=2.0)

    assert ledger.wait(10, now=2.0) == 59.0
    assert ledger.headroom == requests(0)
    assert ledger.age(3.0) == 2.0


def test_same_call_may_speak_twice() -> None:
    """With its headers and again with its failure."""
    ledger = RateLimitLedger()
    mark = ledger.sent(10)
    ledger.observed(requests(5), mark, now=1.0)

    ledger.observed(requests(0), mark, now=2.0)

    assert ledger.wait(10, now=2.0) == 60.0


def test_what_is_not_told_stays_as_it_was() -> None:
    """Some answers carry one of the limits only."""
    ledger = RateLimitLedger()
    ledger.observed(requests(0), ledger.sent(10), now=0.0)

    ledger.observed(tokens(100), ledger.sent(10), now=0.0)

    assert ledger.wait(10, now=0.0) == 60.0


def test_word_without_a_reset_holds_for_a_short_while() -> None:
    """Without knowing when, holding back for long could starve a deployment."""
    ledger = RateLimitLedger()

    ledger.observed(requests(0, reset=None), ledger.sent(10), now=0.0)

    assert ledger.wait(10, now=0.0) == UNSTATED_RESET
    assert ledger.wait(10, now=UNSTATED_RESET) == 0.0


def test_no_word_holds_for_ever() -> None:
    """A daily limit misread as exhausted must not last all day."""
    ledger = RateLimitLedger()

    ledger.observed(requests(0, reset=86_400.0), ledger.sent(10), now=0.0)

    assert ledger.wait(10, now=0.0) == LONGEST_TRUST
    assert ledger.wait(10, now=LONGEST_TRUST) == 0.0


@given(
    remaining=st.integers(0, 50),
    sizes=st.lists(st.integers(1, 20), max_size=60),
    now=st.floats(min_value=0, max_value=59.9),
)
def test_no_more_passes_than_is_left(remaining: int, sizes: list[int], now: float) -> None:
    """Until the reset, the calls that are let through fit into what the provider said."""
    ledger = RateLimitLedger()
    ledger.observed(tokens(remaining), ledger.sent(7), now=0.0)
    passed = 0

    for size in sizes:
        if ledger.wait(size, now) == 0.0:
            ledger.sent(size)
            passed += size

    assert passed <= remaining


@given(
    remaining=st.integers(0, 50),
    used=st.integers(1, 50),
    amount=st.integers(1, 200),
    already_sent=st.integers(0, 50),
    elapsed=st.integers(0, 80),
)
def test_after_the_wait_nothing_more_is_waited_for(
    remaining: int, used: int, amount: int, already_sent: int, elapsed: int
) -> None:
    """A caller that comes back when it was told to is not sent away again."""
    ledger = RateLimitLedger()
    word = tokens(remaining, limit=remaining + used, reset=60.0)
    ledger.observed(word, ledger.sent(1), now=0.0)
    ledger.sent(already_sent)
    now = float(elapsed)

    wait = ledger.wait(amount, now)

    assert ledger.wait(amount, now + wait) == pytest.approx(0.0, abs=1e-9)
    assert wait <= max(0.0, 60.0 - now)
