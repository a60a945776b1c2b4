"""Latencies of simulated deployments have the tails that were given."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.drills.plans.distributions import Constant, LogNormal, PowerTail, Uniform

BATCHES = PowerTail(points=((1.0, 0.002), (0.02, 0.010), (1e-3, 0.069), (1e-6, 1.8)))


@pytest.mark.parametrize(
    ("probability", "value"), [(1.0, 0.002), (0.02, 0.010), (1e-3, 0.069), (1e-6, 1.8)]
)
def test_power_tail_goes_through_its_points(probability: float, value: float) -> None:
    """The published points of a tail are what a bench is compared by."""
    assert BATCHES.exceeded_with(probability) == pytest.approx(value)
    assert BATCHES.exceeding(value) == pytest.approx(probability)


@given(st.floats(min_value=1e-9, max_value=1.0))
def test_power_tail_is_one_curve_read_both_ways(probability: float) -> None:
    """Between and beyond the points, too."""
    value = BATCHES.exceeded_with(probability)

    assert BATCHES.exceeding(value) == pytest.approx(probability, rel=1e-6)


def test_power_tail_is_a_power_law_between_its_points() -> None:
    """Straight where both axes are logarithmic."""
    tail = PowerTail(points=((1.0, 1.0), (0.01, 100.0)))

    assert tail.exceeded_with(0.1) == pytest.approx(10.0)
    assert tail.exceeded_with(0.001) == pytest.approx(1000.0)


def test_ceiling_cuts_the_tail() -> None:
    """Nothing is later, and nothing exceeds it."""
    tail = PowerTail(points=((1.0, 1.0), (0.01, 100.0)), ceiling=50.0)

    assert tail.exceeded_with(1e-6) == 50.0
    assert tail.exceeding(50.0) == 0.0


def test_lognormal_has_its_median_and_its_p95() -> None:
    """Both are given as quantiles and come out as quantiles."""
    source = random.Random(1)
    latency = LogNormal(median=0.4, p95=1.0)

    drawn = sorted(latency.draw(source) for _ in range(20_000))

    assert drawn[10_000] == pytest.approx(0.4, rel=0.03)
    assert drawn[19_000] == pytest.approx(1.0, rel=0.03)


@pytest.mark.parametrize(
    "latency",
    [Constant(value=1.0), Uniform(low=1.0, high=2.0), LogNormal(median=1.0, p95=2.0), BATCHES],
)
def test_every_draw_takes_one_number(
    latency: Constant | Uniform | LogNormal | PowerTail,
) -> None:
    """Drills that differ in one distribution have the same luck everywhere else."""
    source, other = random.Random(3), random.Random(3)

    latency.draw(source)
    other.random()

    assert source.random() == other.random()


@pytest.mark.parametrize(
    "points",
    [
        (),
        ((1.0, 1.0),),
        ((0.5, 1.0), (0.1, 2.0)),
        ((1.0, 1.0), (0.1, 1.0)),
        ((1.0, 1.0), (1.0, 2.0)),
        ((1.0, 0.0), (0.1, 2.0)),
    ],
)
def test_power_tail_refuses_points_that_are_no_tail(
    points: tuple[tuple[float, float], ...],
) -> None:
    """A mistake in a bench must not become a figure."""
    with pytest.raises(ValueError, match="points"):
        PowerTail(points=points)
