"""Distributions: what a simulated latency is drawn from."""

from __future__ import annotations

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.simulator import Constant, LogNormal, Pareto, Uniform
from routersvc.simulator.behaviours.distributions import Distribution

_DRAWS = 4000


def _draws(distribution: Distribution, seed: int = 7) -> list[float]:
    source = random.Random(seed)
    return sorted(distribution.draw(source) for _ in range(_DRAWS))


def test_constant_is_the_same_every_time_and_leaves_the_source_alone() -> None:
    """A character without spread must not shift the draws of another setting."""
    source = random.Random(1)
    before = source.getstate()

    drawn = [Constant(value=0.5).draw(source) for _ in range(3)]

    assert drawn == [0.5, 0.5, 0.5]
    assert source.getstate() == before


def test_uniform_stays_between_its_bounds() -> None:
    """The bounds are a promise of the character."""
    drawn = _draws(Uniform(low=0.2, high=0.3))

    assert 0.2 <= drawn[0] < 0.205
    assert 0.295 < drawn[-1] <= 0.3


def test_lognormal_has_the_median_and_the_95th_percentile_it_was_given() -> None:
    """Both are how people know their providers' latency."""
    drawn = _draws(LogNormal(median=0.2, p95=0.8))

    assert statistics.median(drawn) == pytest.approx(0.2, rel=0.06)
    assert drawn[int(_DRAWS * 0.95)] == pytest.approx(0.8, rel=0.12)


def test_lognormal_without_spread_is_its_median() -> None:
    """A 95th percentile at the median means that there is no tail."""
    drawn = _draws(LogNormal(median=0.2, p95=0.2))

    assert drawn[0] == pytest.approx(0.2)
    assert drawn[-1] == pytest.approx(0.2)


def test_pareto_has_its_median_and_a_tail_that_the_ceiling_cuts() -> None:
    """Very late answers exist, and a demo must still end."""
    drawn = _draws(Pareto(median=0.1, shape=1.2, ceiling=2.0))

    assert statistics.median(drawn) == pytest.approx(0.1, rel=0.06)
    assert drawn[-1] == 2.0
    assert drawn[int(_DRAWS * 0.99)] > 1.0


@pytest.mark.parametrize(
    ("distribution", "zero"),
    [
        (Constant(), True),
        (Constant(value=0.1), False),
        (Uniform(low=0, high=0), True),
        (Uniform(low=0, high=1), False),
        (LogNormal(median=0.1, sigma=0), False),
        (Pareto(median=0.1), False),
    ],
)
def test_always_zero_says_that_nobody_need_wait(*, distribution: Distribution, zero: bool) -> None:
    """The fast path is taken on this word alone."""
    assert distribution.always_zero is zero


@given(
    seed=st.integers(0, 2**32),
    distribution=st.sampled_from(
        [
            Uniform(low=0, high=3),
            LogNormal(median=1, sigma=2),
            Pareto(median=1, shape=0.5, ceiling=100),
        ]
    ),
)
def test_draws_are_never_negative_and_follow_from_the_seed(
    seed: int, distribution: Distribution
) -> None:
    """Nobody can wait a negative time, and a run can be repeated."""
    drawn = distribution.draw(random.Random(seed))

    assert drawn >= 0
    assert drawn == distribution.draw(random.Random(seed))


def test_refused_values_say_what_is_right() -> None:
    """The sentence is all that a user of a settings file gets."""
    with pytest.raises(ValueError, match="`value` must be at least 0"):
        Constant(value=-1)
    with pytest.raises(ValueError, match="`low` must be at least 0 and at most `high`"):
        Uniform(low=2, high=1)
    with pytest.raises(ValueError, match="`median` must be above 0"):
        LogNormal(median=0, sigma=1)
    with pytest.raises(ValueError, match="exactly one of `p95` and `sigma`"):
        LogNormal(median=1)
    with pytest.raises(ValueError, match="exactly one of `p95` and `sigma`"):
        LogNormal(median=1, p95=2, sigma=1)
    with pytest.raises(ValueError, match="`p95` must be at least `median`"):
        LogNormal(median=1, p95=0.5)
    with pytest.raises(ValueError, match="`sigma` must be at least 0"):
        LogNormal(median=1, sigma=-1)
    with pytest.raises(ValueError, match="`median` and `shape` must be above 0"):
        Pareto(median=1, shape=0)
    with pytest.raises(ValueError, match="`ceiling` must be at least `median`"):
        Pareto(median=1, ceiling=0.5)
