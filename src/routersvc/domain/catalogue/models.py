"""The facts of a model, the same wherever it is deployed."""

from __future__ import annotations

import dataclasses
import datetime as dt

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.prices import Prices
from routersvc.domain.catalogue.qualities import NO_QUALITY_KNOWN, Quality
from routersvc.domain.conversation.reasoning import ReasoningEffort


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """An entry of the catalogue. Token counts are of the model's own tokenizer.

    `efforts` are the reasoning efforts that it takes, `None` where they are not known: then those
    that its wire format can express. `token_ratio` is how many tokens to assume per token of
    o200k_base. `deprecated` says that its vendor advises against it, `retires_on` when it is shut
    down.
    """

    name: str
    context_window: int
    max_output_tokens: int | None = None
    capabilities: frozenset[Capability] = frozenset()
    efforts: frozenset[ReasoningEffort] | None = None
    prices: Prices | None = None
    tier: int = 0
    equivalent_to: frozenset[str] = frozenset()
    deprecated: bool = False
    retires_on: dt.date | None = None
    token_ratio: float = 1.0
    quality: Quality = NO_QUALITY_KNOWN
