"""Prices by length of the prompt, by service tier, and of the prompt cache."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.catalogue.prices import Prices, PriceStep, TierPrices
from routersvc.domain.conversation.parts import CacheLifetime
from routersvc.domain.conversation.prompts import ServiceTier
from routersvc.domain.conversation.usage import Usage

PLAIN = Prices(input=2.0, output=10.0)
CACHED = Prices(input=2.0, output=10.0, cached_input=0.2, cache_write=2.5, cache_write_hour=4.0)
STEPPED = Prices(
    input=2.0,
    output=10.0,
    steps=(
        PriceStep(above=200_000, input=4.0, output=15.0),
        PriceStep(above=500_000, input=8.0, output=30.0),
    ),
    tiers={
        ServiceTier.FLEX: TierPrices(
            input=1.0, output=5.0, steps=(PriceStep(above=200_000, input=2.0, output=7.5),)
        ),
        ServiceTier.PRIORITY: TierPrices(input=4.0, output=20.0),
    },
)
MILLION = 1_000_000

counts = st.integers(min_value=0, max_value=MILLION)


def _usage(counted: tuple[int, int, int, int, int]) -> Usage:
    plain, cached, short, hour, output = counted
    return Usage(
        input_tokens=plain + cached + short + hour,
        output_tokens=output,
        cached_input_tokens=cached,
        cache_write_tokens=short + hour,
        cache_write_hour_tokens=hour,
    )


usages = st.tuples(counts, counts, counts, counts, counts).map(_usage)


def test_kinds_of_input_have_their_own_prices() -> None:
    """Read from the cache, written to it for minutes or an hour, and neither."""
    usage = Usage(
        input_tokens=10 * MILLION,
        output_tokens=MILLION,
        cached_input_tokens=4 * MILLION,
        cache_write_tokens=3 * MILLION,
        cache_write_hour_tokens=MILLION,
    )

    assert CACHED.cost(usage) == 3 * 2.0 + 4 * 0.2 + 2 * 2.5 + 1 * 4.0 + 10.0
    assert PLAIN.cost(usage) == 10 * 2.0 + 10.0


@pytest.mark.parametrize(
    ("prompt", "tier", "dollars"),
    [
        (200_000, None, 0.2 * 2 + 0.1 * 10),
        (200_001, None, 0.200001 * 4 + 0.1 * 15),
        (500_001, None, 0.500001 * 8 + 0.1 * 30),
        (200_001, ServiceTier.STANDARD, 0.200001 * 4 + 0.1 * 15),
        (200_000, ServiceTier.FLEX, 0.2 * 1 + 0.1 * 5),
        (500_001, ServiceTier.FLEX, 0.500001 * 2 + 0.1 * 7.5),
        (500_001, ServiceTier.PRIORITY, 0.500001 * 4 + 0.1 * 20),
    ],
)
def test_step_and_tier_decide(prompt: int, tier: ServiceTier | None, dollars: float) -> None:
    """A prompt above the limit costs more for all of its tokens, and so does the answer."""
    usage = Usage(input_tokens=prompt, output_tokens=100_000)

    assert STEPPED.cost(usage, tier) == pytest.approx(dollars)
    assert STEPPED.cost_of(prompt, 100_000, tier=tier) == pytest.approx(dollars)


@pytest.mark.parametrize(
    ("written", "price"),
    [
        (None, 2.0),
        (CacheLifetime.DEFAULT, 2.5),
        (CacheLifetime.SHORT, 2.5),
        (CacheLifetime.LONG, 4.0),
    ],
)
def test_forecast_counts_a_marked_prompt_as_written(
    written: CacheLifetime | None, price: float
) -> None:
    """It must not be too low: nobody knows before whether the cache still has it."""
    assert CACHED.cost_of(MILLION, 0, written=written) == price
    assert PLAIN.cost_of(MILLION, 0, written=written) == 2.0


@given(usage=usages, tier=st.none() | st.sampled_from(ServiceTier))
def test_forecast_is_never_below_the_bill(usage: Usage, tier: ServiceTier | None) -> None:
    """Of the same counts: a limit on cost that a forecast keeps is kept by the bill."""
    prices = dataclasses.replace(
        CACHED, steps=(PriceStep(above=MILLION, input=4.0, output=15.0),), tiers=STEPPED.tiers
    )

    forecast = prices.cost_of(
        usage.input_tokens, usage.output_tokens, tier=tier, written=CacheLifetime.LONG
    )

    assert 0 <= prices.cost(usage, tier) <= forecast + 1e-9


@given(usage=usages, more=st.integers(min_value=1, max_value=MILLION))
def test_longer_prompt_never_costs_less(usage: Usage, more: int) -> None:
    """Steps ascend."""
    longer = dataclasses.replace(usage, input_tokens=usage.input_tokens + more)

    assert STEPPED.cost(usage) < STEPPED.cost(longer)


def test_hour_without_its_price_costs_as_any_write() -> None:
    """A more general price is known."""
    prices = Prices(input=2.0, output=10.0, cache_write=2.5)
    usage = Usage(input_tokens=MILLION, cache_write_tokens=MILLION, cache_write_hour_tokens=MILLION)

    assert prices.cost(usage) == 2.5
