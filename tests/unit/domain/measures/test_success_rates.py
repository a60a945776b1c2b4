"""Outcomes are counted over a window that slides."""

from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.measures.success_rates import SuccessRateWindow


def test_rates_are_shares_of_the_calls() -> None:
    """A slow call is a success or a failure as well, so it does not count as a call twice."""
    window = SuccessRateWindow(span=10.0)
    window.succeeded(now=0.0)
    window.succeeded(now=0.0, slow=True)
    window.succeeded(now=0.0)
    window.failed(now=0.0, slow=True)
    window.failed(now=0.0)

    outcomes = window.outcomes(now=0.0)

    assert (outcomes.successes, outcomes.failures, outcomes.slow) == (3, 2, 2)
    assert outcomes.calls == 5
    assert outcomes.success_rate == 0.6


def test_rates_of_nothing_are_unknown() -> None:
    """An idle deployment is neither well nor ill."""
    outcomes = SuccessRateWindow(span=10.0).outcomes(now=0.0)

    assert outcomes.success_rate is None


def test_outcomes_slide_out_without_new_ones() -> None:
    """A deployment without recent calls has no success rate."""
    window = SuccessRateWindow(span=10.0)
    window.failed(now=0.0)

    assert window.outcomes(now=10.9).calls == 1
    assert window.outcomes(now=11.0).calls == 0


def test_cleared_window_starts_anew() -> None:
    """What led to an opening must not open the breaker again right after its recovery."""
    window = SuccessRateWindow(span=10.0)
    window.failed(now=0.0, slow=True)
    window.succeeded(now=3.0)

    window.clear()
    window.succeeded(now=3.0)

    assert window.outcomes(now=3.0).success_rate == 1.0
    assert window.outcomes(now=3.0).calls == 1


@given(
    steps=st.lists(
        st.tuples(st.integers(0, 8), st.booleans(), st.booleans()), min_size=1, max_size=100
    )
)
def test_sliding_leaves_exactly_what_is_young(steps: list[tuple[int, bool, bool]]) -> None:
    """Every count that was added is taken back, once."""
    window = SuccessRateWindow(span=10.0, slices=5)
    log: list[tuple[float, bool, bool]] = []
    now = 0.0

    for step, succeeded, slow in steps:
        now += step
        log.append((now, succeeded, slow))
        (window.succeeded if succeeded else window.failed)(now, slow=slow)
        kept = [entry for entry in log if entry[0] // 2 >= now // 2 - 5]
        outcomes = window.outcomes(now)
        assert outcomes.successes == sum(entry[1] for entry in kept)
        assert outcomes.failures == sum(not entry[1] for entry in kept)
        assert outcomes.slow == sum(entry[2] for entry in kept)


def test_slow_failures_of_one_slice_leave_together() -> None:
    """All of them, not one."""
    window = SuccessRateWindow(span=10.0)
    for _ in range(3):
        window.failed(0.0, slow=True)

    later = window.outcomes(30.0)

    assert (later.failures, later.slow) == (0, 0)
