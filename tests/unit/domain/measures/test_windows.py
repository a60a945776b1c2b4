"""A sliding window forgets a slice at a time, neither too early nor too late."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.measures.windows import SlidingWindow


def counting(*, span: float, slices: int) -> tuple[SlidingWindow[list[float]], list[float]]:
    """Return a window whose slices are lists, and the log of what it had forgotten."""
    forgotten: list[float] = []

    def forget(moments: list[float]) -> None:
        forgotten.extend(moments)
        moments.clear()

    return (
        SlidingWindow(span=span, slices=slices, new=list[float], forget=forget),
        forgotten,
    )


def test_one_slice_is_forgotten_at_a_time() -> None:
    """A tumbling window would lose everything at once and make every rate jump."""
    window, forgotten = counting(span=10.0, slices=5)
    for moment in (0.0, 1.0, 2.0, 4.0):
        window.current(moment).append(moment)

    after: list[list[float]] = []
    for now in (11.9, 12.0, 13.9, 14.0, 16.0):
        window.current(now)
        after.append(list(forgotten))

    assert after == [
        [],
        [0.0, 1.0],
        [0.0, 1.0],
        [0.0, 1.0, 2.0],
        [0.0, 1.0, 2.0, 4.0],
    ]


def test_long_silence_forgets_everything() -> None:
    """After hours without traffic, nothing of before is left in any slice."""
    window, forgotten = counting(span=10.0, slices=5)
    for moment in (0.0, 2.0, 4.0, 6.0, 8.0, 10.0):
        window.current(moment).append(moment)

    window.current(1e6)

    assert sorted(forgotten) == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]


def test_times_that_run_backwards_stay_in_the_current_slice() -> None:
    """Two callers may read the clock in one order and arrive in the other."""
    window, forgotten = counting(span=10.0, slices=5)
    window.current(100.0).append(100.0)

    window.current(3.0).append(3.0)

    assert window.current(100.0) == [100.0, 3.0]
    assert forgotten == []


def test_clearing_forgets_every_slice() -> None:
    """What is cleared must not come back when its slice is used again."""
    window, forgotten = counting(span=10.0, slices=5)
    window.current(0.0).append(0.0)
    window.current(4.0).append(4.0)

    window.clear()

    assert sorted(forgotten) == [0.0, 4.0]
    assert window.current(4.0) == []


def test_window_tells_its_span() -> None:
    """A rate per second needs it; a fraction of a second is a span as well."""
    window, _ = counting(span=0.5, slices=1)

    assert window.span == 0.5


@given(
    steps=st.lists(st.integers(min_value=0, max_value=30), min_size=1, max_size=60),
    slices=st.integers(min_value=1, max_value=8),
    start=st.integers(min_value=-50, max_value=50),
)
def test_what_is_kept_is_as_young_as_promised(steps: list[int], slices: int, start: int) -> None:
    """All of the span is kept, and nothing older than the span and a slice."""
    length = 2.0
    span = slices * length
    window, forgotten = counting(span=span, slices=slices)
    moments: list[float] = []
    now = float(start)

    for step in steps:
        now += step
        window.current(now).append(now)
        moments.append(now)
        assert all(now - moment > span for moment in forgotten)
        kept = list(moments)
        for moment in forgotten:
            kept.remove(moment)
        assert all(now - moment < span + length for moment in kept)


@pytest.mark.parametrize(
    ("span", "slices"), [(0.0, 1), (-1.0, 1), (float("inf"), 1), (float("nan"), 1), (1.0, 0)]
)
def test_impossible_window_is_refused(span: float, slices: int) -> None:
    """A span of nothing would divide by zero at the first call instead of at the start."""
    with pytest.raises(ValueError, match="must be"):
        counting(span=span, slices=slices)
