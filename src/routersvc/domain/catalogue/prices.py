"""What a model costs: prices per token, by length of the prompt and by service tier.

Vendors charge a prompt longer than a limit at higher prices, for all of its tokens and for the
answer too. Prompt caches charge for reading, and for writing by how long they keep a prefix.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.conversation.parts import CacheLifetime
from routersvc.domain.conversation.prompts import ServiceTier
from routersvc.domain.conversation.usage import Usage

_MILLION = 1_000_000


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Rates:
    """US dollars per million tokens of one request.

    `cache_write` is the price of tokens written to the provider's prompt cache, `cache_write_hour`
    of those that it keeps for an hour. A price that is `None` is the next more general one: that of
    the hour is `cache_write`, and those of the cache are `input`.
    """

    input: float
    output: float
    cached_input: float | None = None
    cache_write: float | None = None
    cache_write_hour: float | None = None

    def of_input(self, written: CacheLifetime | None) -> float:
        """Return the price of prompt tokens that are written to the cache, or not."""
        if written is None or self.cache_write is None:
            return self.input
        if written is CacheLifetime.LONG and self.cache_write_hour is not None:
            return self.cache_write_hour
        return self.cache_write

    def amount(self, usage: Usage) -> float:
        """Return the price of `usage` in US dollars."""
        cached = usage.cached_input_tokens
        written = usage.cache_write_tokens
        plain = max(0, usage.input_tokens - cached - written)
        total = plain * self.input + usage.output_tokens * self.output
        if cached:
            total += cached * (self.input if self.cached_input is None else self.cached_input)
        if written:
            for_an_hour = min(written, usage.cache_write_hour_tokens)
            total += (written - for_an_hour) * self.of_input(CacheLifetime.SHORT)
            total += for_an_hour * self.of_input(CacheLifetime.LONG)
        return total / _MILLION


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PriceStep(Rates):
    """The prices of requests whose prompt has more than `above` tokens, cached ones included."""

    above: int


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TierPrices(Rates):
    """The prices of a service tier; `steps` are those of longer prompts, the shortest first."""

    steps: tuple[PriceStep, ...] = ()

    def rates(self, input_tokens: int) -> Rates:
        """Return the prices of a request with so many tokens of prompt."""
        found: Rates = self
        for step in self.steps:
            if input_tokens <= step.above:
                break
            found = step
        return found


_NO_TIERS: Mapping[ServiceTier, TierPrices] = MappingProxyType({})


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Prices(TierPrices):
    """The prices of a model: those of its standard tier, and those of other tiers."""

    tiers: Mapping[ServiceTier, TierPrices] = dataclasses.field(
        default_factory=lambda: _NO_TIERS, hash=False
    )

    def of_tier(self, tier: ServiceTier | None) -> TierPrices:
        """Return the prices of a service tier; the standard ones where it has none of its own."""
        return self if tier is None else self.tiers.get(tier, self)

    def cost_of(
        self,
        input_tokens: int,
        output_tokens: int,
        *,
        tier: ServiceTier | None = None,
        written: CacheLifetime | None = None,
    ) -> float:
        """Return the price of prompt and answer in US dollars before the answer is known.

        `written`: the prompt asks that it is kept in the prompt cache for so long; nothing of it
        counts as read from there.
        """
        rates = self.of_tier(tier).rates(input_tokens)
        price = rates.of_input(written)
        return (input_tokens * price + output_tokens * rates.output) / _MILLION

    def cost(self, usage: Usage, tier: ServiceTier | None = None) -> float:
        """Return the price of `usage` in US dollars at a service tier."""
        prices = self if tier is None else self.of_tier(tier)
        rates = prices.rates(usage.input_tokens) if prices.steps else prices
        return rates.amount(usage)
