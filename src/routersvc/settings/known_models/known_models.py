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
"""The keys that are facts of a model beside its prices; the others are an operator's own."""


class _KnownModels(Section):
    """The file as it is written; `capabilities` only holds what its models share."""

    prices_as_of: dt.date
    capabilities: Mapping[str, Any]
    models: Mapping[Name, ModelSection]


def known_names() -> tuple[str, ...]:
    """Return the names of all known models, `vendor/model`."""
    return tuple(_file().models)


def known_name(name: str) -> str | None:
    """Return the whole name of a known model, from that name or from the part after the vendor's.

    `None` where no model, or no single one, has it.
    """
    return _names().get(name)


def vendor_name(name: str) -> str:
    """Return what its vendor calls a known model, which is what most providers call it."""
    return name.partition("/")[2]


def completed(name: str, model: ModelSection) -> ModelSection | None:
    """Return a model of the settings with each fact that it leaves out as far as it is known.

    `None` where its window is neither stated nor known.
    """
    whole_name = known_name(model.source or name)
    if whole_name is None:
        return model if model.context_window is not None else None
    known = _file().models[whole_name]
    facts: dict[str, object] = {
        key: getattr(known, key) for key in FACTS if key not in model.model_fields_set
    }
    if "prices" not in model.model_fields_set:
        facts["prices"] = known.prices or _library_prices(whole_name)
    return model.model_copy(update=facts)


@functools.cache
def _file() -> _KnownModels:
    return _KnownModels.model_validate_json(json.dumps(read_yaml(FILE).content))


@functools.cache
def _names() -> Mapping[str, str]:
    """Return the whole names by themselves and by the part that is a model's alone."""
    names = {name: name for name in _file().models}
    short: dict[str, list[str]] = {}
    for name in _file().models:
        short.setdefault(vendor_name(name), []).append(name)
    return names | {part: each[0] for part, each in short.items() if len(each) == 1}


@functools.cache
def _library_prices(whole_name: str) -> PricesSection | None:
    # The library's data takes a fifth of a second to load: only who needs a price waits for it.
    from routersvc.settings.known_models.price_library import known_prices  # noqa: PLC0415 - see above

    vendor, _, model = whole_name.partition("/")
    prices = known_prices(vendor, model, _file().prices_as_of)
    if prices is None:
        return None
    return PricesSection(
        input=prices.input,
        output=prices.output,
        cached_input=prices.cached_input,
        cache_write=prices.cache_write,
    )
