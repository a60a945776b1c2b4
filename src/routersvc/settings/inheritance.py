"""Fills the keys that a section does not set from another section."""

from __future__ import annotations

from typing import TypeVar

from routersvc.settings.types.fields import Section

S = TypeVar("S", bound=Section)


def inherited(own: S, base: Section) -> S:
    """Return `own` with each key that it does not set taken from `base`, key by key in sections.

    Lists and mappings of names are not merged.
    """
    taken: dict[str, object] = {}
    for key in type(base).model_fields:
        value = getattr(base, key)
        if key not in own.model_fields_set:
            taken[key] = value
        elif isinstance(value, Section):
            taken[key] = inherited(getattr(own, key), value)
    return own.model_copy(update=taken)
