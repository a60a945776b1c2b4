"""Quantiles are exact enough, slide, and do not fall when late attempts are given up."""

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.measures.latencies import (
    LONGEST,
    RELATIVE_ERROR,
    SHORTEST,
    LatencyWindow,
    PeakEwmaLatency,
)

latencies = st.floats(min_value=SHORTEST, max_value=LONGEST)
shares = st.floats(min_value=0.01, max_value=0.99)


def about(value: float) -> object:
    """Equal up to the promised error."""
    return pytest.approx(value, rel=RELATIVE_ERROR * 1.0001)


def believed(average: PeakEwmaLatency, now: float, prior: float = 0.0) -> float:
    """Return what the average comes to where what is known fades into `prior`."""
    fading = average.fading(now)
    return prior if fading is None else prior + (fading[0] - prior) * fading[1]


def nearest_rank(values: list[float], q: float) -> float:
    """Return the smallest value that at least the share `q` of `values` does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(round(q * len(ordered), 9)) - 1)]


def product_limit(ended: list[float], given_up: list[float], q: float) -> float:
    """Return the Kaplan-Meier quantile from its definition; the greatest where it has none."""
    survival = 1.0
    for value in sorted(set(ended)):
        at_risk = sum(1 for other in [*ended, *given_up] if other >= value)
        survival *= 1 - ended.count(value) / at_risk
        if survival <= 1 - q + 1e-9:
            return value
    return max([*ended, *given_up])


@given(values=st.lists(latencies, min_size=1, max_size=200), q=shares)
def test_quantile_is_off_by_at_most_the_promised_error(values: list[float], q: float) -> None:
    """The hedge delay is a quantile: what it is off by, the number of hedges is off by."""
    window = LatencyWindow(span=60.0)
    for value in values:
        window.record(value, now=0.0)

    assert window.quantile(q, now=0.0) == about(nearest_rank(values, q))


@given(
    ended=st.lists(st.integers(min_value=0, max_value=15), min_size=1, max_size=60),
    given_up=st.lists(st.integers(min_value=0, max_value=15), max_size=60),
    q=shares,
)
def test_quantile_is_that_of_kaplan_and_meier(
    ended: list[int], given_up: list[int], q: float
) -> None:
    """The fast walk over blocks of buckets gives what the definition gives."""
    ended_values = [0.002 * 2.0**power for power in ended]
    given_up_values = [0.002 * 2.0**power for power in given_up]
    window = LatencyWindow(span=60.0)
    for value in ended_values:
        window.record(value, now=0.0)
    for value in given_up_values:
        window.record_censored(value, now=0.0)

    expected = product_limit(ended_values, given_up_values, q)

    assert window.quantile(q, now=0.0) == about(expected)


@given(
    ended=st.lists(latencies, min_size=1, max_size=60),
    given_up=st.lists(latencies, min_size=1, max_size=60),
    q=shares,
)
def test_given_up_attempts_never_lower_a_quantile(
    ended: list[float], given_up: list[float], q: float
) -> None:
    """They are later than known, so more of them can only mean later."""
    window = LatencyWindow(span=60.0)
    for value in ended:
        window.record(value, now=0.0)
    before = window.quantile(q, now=0.0)
    assert before is not None

    for value in given_up:
        window.record_censored(value, now=0.0)

    after = window.quantile(q, now=0.0)
    assert after is not None
    assert after >= before


def test_hedged_losers_do_not_let_the_delay_drift() -> None:
    """Counting losers as if they had ended lowers the p95 with every hedge, and so makes more."""
    random_source = random.Random(20)
    window = LatencyWindow(span=60.0)
    hedges = 0
    calls = 40_000
    delay = 20.0

    for call in range(calls):
        now = call * 0.02
        if window.count(now) >= 100:
            delay = window.quantile(0.95, now) or delay
        first = random_source.lognormvariate(-0.5, 0.8)
        if first <= delay:
            window.record(first, now)
            continue
        hedges += 1
        second = random_source.lognormvariate(-0.5, 0.8)
        if first <= delay + second:
            window.record(first, now)
            window.record_censored(first - delay, now)
        else:
            window.record(second, now)
            window.record_censored(delay + second, now)

    assert 0.048 < hedges / calls < 0.053
    assert delay == pytest.approx(math.exp(-0.5 + 0.8 * 1.6449), rel=0.1)


def test_unknowable_quantile_is_the_greatest_latency_seen() -> None:
    """Attempts cancelled at a hanging provider count as at least as long as they ran."""
    window = LatencyWindow(span=60.0)
    window.record(0.1, now=0.0)
    window.record_censored(4.0, now=0.0)
    window.record_censored(2.0, now=0.0)

    assert window.quantile(0.33, now=0.0) == about(0.1)
    assert window.quantile(0.34, now=0.0) == about(4.0)


def test_quantile_of_nothing_is_unknown() -> None:
    """A made-up number would be acted on."""
    window = LatencyWindow(span=60.0)

    assert window.quantile(0.5, now=0.0) is None
    assert window.count(now=0.0) == 0


def test_latencies_beyond_the_range_are_told_at_its_ends() -> None:
    """A clock that stands still or an attempt that hangs for a day breaks nothing."""
    window = LatencyWindow(span=60.0)
    for value in (-1.0, 0.0, 0.0009):
        window.record(value, now=0.0)
    for value in (600.0, 86_400.0, math.inf):
        window.record(value, now=0.0)

    assert window.quantile(0.5, now=0.0) == SHORTEST
    assert window.quantile(0.51, now=0.0) == about(LONGEST)


def test_old_latencies_slide_out() -> None:
    """The delay follows the provider of this minute, not of the last hour."""
    window = LatencyWindow(span=10.0, slices=5)
    window.record(8.0, now=0.0)
    window.record_censored(9.0, now=2.0)
    window.record(1.0, now=4.0)

    known = [(window.count(now), window.quantile(0.9, now)) for now in (11.9, 12.0, 14.0, 16.0)]

    assert known == [(3, about(9.0)), (2, about(9.0)), (1, about(1.0)), (0, None)]


def test_quantile_alone_lets_old_latencies_slide_out() -> None:
    """Reading the count first is not required."""
    window = LatencyWindow(span=10.0, slices=5)
    window.record(8.0, now=0.0)

    assert window.quantile(0.5, now=12.0) is None


def test_forgotten_latencies_leave_no_trace_in_later_quantiles() -> None:
    """What is counted twice, by bucket and by block, is taken back twice."""
    window = LatencyWindow(span=10.0, slices=5)
    for _ in range(10):
        window.record(0.01, now=0.0)
    for value in (0.01, 0.1, 1.0):
        for _ in range(30):
            window.record(value, now=12.0)

    assert window.count(now=12.0) == 90
    assert window.quantile(0.8, now=12.0) == about(1.0)


@given(
    steps=st.lists(st.tuples(st.integers(0, 8), latencies, st.booleans()), min_size=1, max_size=80),
    q=shares,
)
def test_sliding_leaves_exactly_what_is_young(
    steps: list[tuple[int, float, bool]], q: float
) -> None:
    """A count that is not taken back would haunt the quantile for ever."""
    window = LatencyWindow(span=10.0, slices=5)
    log: list[tuple[float, float, bool]] = []
    now = 0.0

    for step, value, censored in steps:
        now += step
        log.append((now, value, censored))
        (window.record_censored if censored else window.record)(value, now)

    fresh = LatencyWindow(span=10.0, slices=5)
    kept = [entry for entry in log if entry[0] // 2 >= now // 2 - 5]
    for _, value, censored in kept:
        (fresh.record_censored if censored else fresh.record)(value, now)
    assert window.count(now) == len(kept)
    assert window.quantile(q, now) == fresh.quantile(q, now)


@pytest.mark.parametrize("q", [0.0, 1.0, -0.1, 1.1, math.nan])
def test_impossible_quantile_is_refused(q: float) -> None:
    """A percentage in the place of a share is a mistake of the caller's."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        LatencyWindow(span=60.0).quantile(q, now=0.0)


def test_peak_is_believed_at_once_and_forgotten_slowly() -> None:
    """Bad news moves traffic within one answer, good news has to be repeated."""
    average = PeakEwmaLatency(decay=10.0)

    average.observe(1.0, now=0.0)
    average.observe(5.0, now=1.0)
    peak = believed(average, 1.0)
    average.observe(1.0, now=11.0)

    assert peak == 5.0
    assert believed(average, 11.0) == pytest.approx(1.0 + 4.0 * math.exp(-1))


def test_unobserved_average_fades_into_the_prior() -> None:
    """Otherwise a deployment without calls would stay slow for ever."""
    average = PeakEwmaLatency(decay=10.0)
    average.observe(5.0, now=0.0)

    faded = [believed(average, now, 1.0) for now in (0.0, 10.0, 1000.0)]

    assert faded == [5.0, pytest.approx(1.0 + 4.0 * math.exp(-1)), pytest.approx(1.0)]


def test_given_up_attempt_only_ever_raises_the_average() -> None:
    """It is known to be later than it waited, not to be as early."""
    average = PeakEwmaLatency(decay=10.0)
    average.observe(2.0, now=0.0)

    average.observe_at_least(1.0, now=5.0)
    unchanged = average.fading(10.0)
    average.observe_at_least(3.0, now=5.0)

    assert unchanged == (2.0, math.exp(-1))
    assert average.fading(15.0) == (3.0, math.exp(-1))


def test_equally_bad_news_confirms_the_average() -> None:
    """What was seen again just now is fresh."""
    average = PeakEwmaLatency(decay=10.0)
    average.observe(2.0, now=0.0)

    average.observe_at_least(2.0, now=5.0)

    assert average.fading(15.0) == (2.0, math.exp(-1))


def test_average_fades_into_nothing_by_default() -> None:
    """As with Finagle, where no prior is given."""
    average = PeakEwmaLatency(decay=0.5)
    average.observe(2.0, now=0.0)

    assert believed(average, 0.5) == pytest.approx(2.0 * math.exp(-1))


def test_first_of_all_attempts_may_be_given_up() -> None:
    """A deployment that hangs from the start is known to be slow."""
    average = PeakEwmaLatency(decay=10.0)

    average.observe_at_least(4.0, now=0.0)

    assert believed(average, 0.0) == 4.0


def test_average_that_is_cleared_knows_nothing() -> None:
    """As if it had never seen anything."""
    average = PeakEwmaLatency(decay=10.0)
    average.observe(4.0, now=5.0)

    average.clear()

    assert average.fading(5.0) is None
    assert believed(average, 5.0, 0.7) == 0.7


def test_average_of_nothing_is_the_prior() -> None:
    """A new deployment is neither fast nor slow."""
    average = PeakEwmaLatency(decay=10.0)

    assert average.fading(5.0) is None
    assert believed(average, 3.0, 0.7) == 0.7


@given(
    values=st.lists(latencies, min_size=1, max_size=30),
    gaps=st.lists(st.floats(min_value=0, max_value=100), min_size=30, max_size=30),
)
def test_average_stays_within_what_was_observed(values: list[float], gaps: list[float]) -> None:
    """It is never below the last observation, and never above the greatest."""
    average = PeakEwmaLatency(decay=10.0)
    now = 0.0

    for value, gap in zip(values, gaps, strict=False):
        now += gap
        average.observe(value, now)
        known = average.fading(now)
        assert known is not None
        assert value * (1 - 1e-9) <= known[0] <= max(values) * (1 + 1e-9)


@given(value=latencies, prior=latencies)
def test_fading_is_monotone(value: float, prior: float) -> None:
    """It goes from what was known to the prior and never past it."""
    average = PeakEwmaLatency(decay=10.0)
    average.observe(value, now=0.0)

    distances = [abs(believed(average, float(now), prior) - prior) for now in range(0, 60, 5)]

    assert all(later <= earlier for earlier, later in pairwise(distances))


def test_decay_of_nothing_is_refused() -> None:
    """It would divide by zero at the first observation instead of at the start."""
    with pytest.raises(ValueError, match="decay"):
        PeakEwmaLatency(decay=0.0)


def test_shortest_latency_leaves_the_window_like_any() -> None:
    """What is too short to tell from nothing is counted out where it was counted in."""
    window = LatencyWindow(span=10.0)
    window.record(0.0, 0.0)

    window.record(1.0, 30.0)

    assert window.count(30.0) == 1
    assert window.quantile(0.01, 30.0) == about(1.0)
