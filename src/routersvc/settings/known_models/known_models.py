"""Facts of the major vendors' models, for models that the settings only name.

The facts are in `known_models.yaml` beside this module, prices in a library. A model of the
settings overrides each of them.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from routersvc.settings.sections.models import ModelSection, PricesSection
from routersvc.settings.source.yaml_source import read_yaml
from routersvc.settings.types.fields import Name, Section

FILE = Path(__file__).with_name("known_models.yaml")
FACTS = ("context_window", "max_output_tokens", "capabilities", "deprecated", "retires_on")
"""The keys that known models provide, apart from prices; all others are the operator's."""


class _KnownModels(Section):
    """The content of the file; `capabilities` contains lists that models share."""

    prices_as_of: dt.date
    capabilities: Mapping[str, Any]
    models: Mapping[Name, ModelSection]


def known_names() -> tuple[str, ...]:
    """Return the names of all known models, `vendor/model`."""
    return tuple(_file().models)


def known_name(name: str) -> str | None:
    """Return the full name of a known model, given that or the part after the vendor.

    `None` if no model has the name, or several have it.
    """
    return _names().get(name)


def vendor_name(name: str) -> str:
    """Return the vendor's name of a known model, which most providers use."""
    return name.partition("/")[2]


def completed(name: str, model: ModelSection) -> ModelSection | None:
    """Return a model of the settings, completed with the facts of its known model.

    `None` if its context window is neither set nor known.
    """
    full_name = known_name(model.source or name)
    if full_name is None:
        return model if model.context_window is not None else None
    known = _file().models[full_name]
    facts: dict[str, object] = {
        key: getattr(known, key) for key in FACTS if key not in model.model_fields_set
    }
    if "prices" not in model.model_fields_set:
        facts["prices"] = known.prices or _library_prices(full_name)
    return model.model_copy(update=facts)


@functools.cache
def _file() -> _KnownModels:
    return _KnownModels.model_validate_json(json.dumps(read_yaml(FILE).content))


@functools.cache
def _names() -> Mapping[str, str]:
    """Return the full names by themselves and by their part after the vendor, if unique."""
    names = {name: name for name in _file().models}
    short: dict[str, list[str]] = {}
    for name in _file().models:
        short.setdefault(vendor_name(name), []).append(name)
    return names | {part: each[0] for part, each in short.items() if len(each) == 1}


@functools.cache
def _library_prices(full_name: str) -> PricesSection | None:
    # The library's data takes 0.2 s to load, so it is imported only when a price is needed.
    from routersvc.settings.known_models.price_library import known_prices  # noqa: PLC0415 - see above

    vendor, _, model = full_name.partition("/")
    prices = known_prices(vendor, model, _file().prices_as_of)
    if prices is None:
        return None
    return PricesSection(
        input=prices.input,
        output=prices.output,
        cached_input=prices.cached_input,
        cache_write=prices.cache_write,
    )
