"""Prices of known models from the library genai-prices, which ships its data.

Nothing is fetched. A price that depends on the length of the prompt counts as its first step, which
covers most requests.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from genai_prices import data_snapshot
from genai_prices.types import TieredPrices

from routersvc.domain.catalogue.models import Prices

_VENDORS: Mapping[str, str] = MappingProxyType({"xai": "x-ai"})
"""The library's names of vendors that differ from ours."""


def known_prices(vendor: str, model: str, as_of: dt.date) -> Prices | None:
    """Return the prices of a vendor's model on a day, `None` if unknown."""
    try:
        _, found = data_snapshot.get_snapshot().find_provider_model(
            model, None, _VENDORS.get(vendor, vendor), None
        )
    except LookupError:
        return None
    day = dt.datetime.combine(as_of, dt.time(), tzinfo=dt.UTC)
    prices = found.get_prices(day)
    prompt, answer = _usd(prices.input_mtok), _usd(prices.output_mtok)
    if prompt is None or answer is None:
        return None
    return Prices(
        input=prompt,
        output=answer,
        cached_input=_usd(prices.cache_read_mtok),
        cache_write=_usd(prices.cache_write_mtok),
    )


def _usd(price: Decimal | TieredPrices | None) -> float | None:
    if isinstance(price, TieredPrices):
        price = price.base
    return None if price is None else float(price)
