"""What calls have lately shown of one deployment, and for how long it is kept."""

from __future__ import annotations

import pytest

from routersvc.domain.fleet.measurements import Measurements


def measured() -> Measurements:
    """Return the measurements of one answer: first content after a second, complete after two."""
    measurements = Measurements(outcome_span=30.0)
    measurements.first_content(1.0, streaming=True, now=1.0)
    measurements.succeeded(2.0, None, 2.0)
    return measurements


def samples(measurements: Measurements, now: float) -> int:
    """Return how many first contents decisions on hedges see."""
    view = measurements.first_contents[True].view(0.95, now)
    assert view is not None
    return view.samples


def test_live_stats_are_kept_for_a_quarter_of_a_second() -> None:
    """Thousands of requests a second plan by the same ones."""
    measurements = measured()

    measurements.refresh_live_stats(10.0, streaming=True)

    kept = measurements.kept_live_stats(10.2, streaming=True)
    assert kept is not None
    assert measurements.live_stats(10.2, streaming=True) is kept
    assert measurements.kept_live_stats(10.25, streaming=True) is None


def test_live_stats_of_all_requests_expire_together() -> None:
    """Also at that very instant: what is kept of other requests is dropped."""
    measurements = measured()
    measurements.refresh_live_stats(10.0, streaming=False)
    measurements.refresh_live_stats(10.0, streaming=True)

    measurements.refresh_live_stats(10.25, streaming=True)

    assert measurements.kept_live_stats(10.25, streaming=True) is not None
    assert measurements.kept_live_stats(10.25, streaming=False) is None


def test_reading_keeps_nothing() -> None:
    """Neither the live stats nor the view of the latencies under them."""
    measurements = measured()

    read = measurements.live_stats(10.0, streaming=True)

    assert read.first_content == pytest.approx(1.0, rel=0.05)
    assert measurements.kept_live_stats(10.0, streaming=True) is None
    measurements.first_content(9.0, streaming=True, now=10.1)
    assert samples(measurements, 10.1) == 2


def test_live_stats_rest_on_the_view_that_hedges_see() -> None:
    """Latencies are computed once for both."""
    measurements = measured()

    measurements.refresh_live_stats(10.0, streaming=True)

    measurements.first_content(9.0, streaming=True, now=10.1)
    assert samples(measurements, 10.1) == 1


def test_live_stats_that_are_forgotten_are_not_kept() -> None:
    """What a call has shown counts for the next plan."""
    measurements = measured()
    measurements.refresh_live_stats(10.0, streaming=True)
    measurements.failed(10.1)

    measurements.forget_live_stats()

    assert measurements.kept_live_stats(10.1, streaming=True) is None
    assert measurements.live_stats(10.1, streaming=True).success_rate == 0.5
