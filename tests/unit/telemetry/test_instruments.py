"""The project's own histogram."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from routersvc.telemetry.instruments import DURATION_BOUNDS, DurationHistogram


def test_bounds_are_those_of_the_genai_conventions() -> None:
    """Dashboards made for other services fit, and the default deadline has a bucket."""
    assert DURATION_BOUNDS[:3] == (0.01, 0.02, 0.04)
    assert DURATION_BOUNDS[13:] == (81.92, 163.84)


def test_bound_belongs_to_its_bucket() -> None:
    """`le` means at most, so a time on the bound counts below it."""
    histogram = DurationHistogram()

    histogram.observe(0.02)

    assert histogram.buckets()[:3] == [("0.01", 0), ("0.02", 1), ("0.04", 1)]


@given(st.lists(st.floats(min_value=0, max_value=1000)))
def test_every_bucket_counts_what_is_at_most_its_bound(times: list[float]) -> None:
    """Buckets are cumulative and the last one holds everything."""
    histogram = DurationHistogram()

    for seconds in times:
        histogram.observe(seconds)

    assert histogram.buckets() == [
        (label, sum(seconds <= float(label) for seconds in times))
        for label in (*map(repr, DURATION_BOUNDS), "+Inf")
    ]
    assert math.isclose(histogram.total, math.fsum(times), abs_tol=1e-9)
