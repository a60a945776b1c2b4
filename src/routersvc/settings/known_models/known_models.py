"""Facts of the vendors' models, for models that the settings only name.

They are in `known_models.jsonl` beside this module, which `make catalogue` writes: one line for the
whole file, and one for each model. A model of the settings overrides each of them. Only the lines
of models that are asked for are parsed.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from routersvc.settings.sections.models import ModelSection
from routersvc.settings.types.fields import Name

FILE = Path(__file__).with_name("known_models.jsonl")
FACTS: tuple[str, ...] = (
    "context_window",
    "max_output_tokens",
    "capabilities",
    "efforts",
    "prices",
    "deprecated",
    "retires_on",
)
"""The keys that known models provide; all others are the operator's."""

_NAME_AT = len('{"name": "')
"""Where the name of a model begins in its line."""


class _KnownModel(ModelSection):
    """A line of the file."""

    name: Name


class _File(NamedTuple):
    """The line of each model by its full name, and the full name by the part after the vendor."""

    lines: Mapping[str, str]
    short_names: Mapping[str, str]


def known_names() -> tuple[str, ...]:
    """Return the names of all known models, `vendor/model`."""
    return tuple(_file().lines)


def known_name(name: str) -> str | None:
    """Return the full name of a known model, given that or the part after the vendor.

    A part alone means the model of its maker before that of a host. `None` if no model has the
    name, or several have it.
    """
    known = _file()
    return name if name in known.lines else known.short_names.get(name)


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
    known = _known(full_name)
    facts = {key: getattr(known, key) for key in FACTS if key not in model.model_fields_set}
    return model.model_copy(update=facts)


@functools.cache
def _known(full_name: str) -> _KnownModel:
    return _KnownModel.model_validate_json(_file().lines[full_name])


@functools.cache
def _file() -> _File:
    head, *lines = FILE.read_text(encoding="utf-8").splitlines()
    makers = frozenset(json.loads(head)["makers"])
    by_name = {line[_NAME_AT : line.index('"', _NAME_AT)]: line for line in lines}
    short_names: dict[str, str] = {}
    ambiguous: set[str] = set()
    # Makers stand before hosts.
    for full_name in by_name:
        vendor, _, short = full_name.partition("/")
        earlier = short_names.setdefault(short, full_name)
        if earlier != full_name and (vendor in makers) == (earlier.partition("/")[0] in makers):
            ambiguous.add(short)
    return _File(by_name, {its: full for its, full in short_names.items() if its not in ambiguous})
