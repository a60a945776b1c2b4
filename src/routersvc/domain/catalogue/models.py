"""The facts of a model, the same wherever it is deployed."""

from __future__ import annotations

import dataclasses
import datetime as dt

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.qualities import NO_QUALITY_KNOWN, Quality
from routersvc.domain.conversation.usage import Usage


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Prices:
    """US dollars per million tokens."""

    input: float
    output: float
    cached_input: float | None = None
    cache_write: float | None = None

    def cost_of(self, input_tokens: int, output_tokens: int) -> float:
        """Return the price of uncached prompt and answer tokens in US dollars."""
        return (input_tokens * self.input + output_tokens * self.output) / 1_000_000

    def cost(self, usage: Usage) -> float:
        """Return the price of `usage` in US dollars.

        Cached tokens without a price of their own cost as much as uncached ones.
        """
        cached = usage.cached_input_tokens
        written = usage.cache_write_tokens
        plain = max(0, usage.input_tokens - cached - written)
        cached_price = self.input if self.cached_input is None else self.cached_input
        write_price = self.input if self.cache_write is None else self.cache_write
        total = (
            plain * self.input
            + cached * cached_price
            + written * write_price
            + usage.output_tokens * self.output
        )
        return total / 1_000_000


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """An entry of the catalogue. Token counts are of the model's own tokenizer.

    `token_ratio` is how many of those to assume per token of o200k_base. `deprecated` says that its
    vendor advises against it, `retires_on` when it is shut down.
    """

    name: str
    context_window: int
    max_output_tokens: int | None = None
    capabilities: frozenset[Capability] = frozenset()
    prices: Prices | None = None
    tier: int = 0
    equivalent_to: frozenset[str] = frozenset()
    deprecated: bool = False
    retires_on: dt.date | None = None
    token_ratio: float = 1.0
    quality: Quality = NO_QUALITY_KNOWN
