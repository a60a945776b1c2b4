"""The facts of every key, for the reference page and the comments of the full example."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import cast

from routersvc.settings.problems import listing
from routersvc.settings.schema.allowed_values import brief_words
from routersvc.settings.schema.schema import (
    SchemaNode,
    is_section,
    listed_value,
    named_value,
    root_node,
    value_of,
)
from routersvc.settings.sections.policies import PolicyDefaultsSection

ANY_NAME = "<name>"
"""Stands in a key path for a name that the operator chooses."""

ANY_ITEM = "<item>"
"""Stands in a key path for a place in a list of sections."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class KeyFacts:
    """What the schema says of one key.

    `path` holds `ANY_NAME` where names stand and `ANY_ITEM` for places in a list. `takes` says in a
    few words what its value is. `default` is `None` for a key that is required, and for a section
    that is always there.
    """

    path: tuple[str, ...]
    description: str
    takes: str
    default: str | None
    required: bool


def all_keys() -> Iterator[KeyFacts]:
    """Yield the facts of every key, a section before the keys in it.

    The keys that a policy shares with `policy_defaults` are told there alone. What a deployment
    takes from its provider has that for a default.
    """
    for key in _keys_below((), root_node()):
        match key.path:
            case ("policies", _, shared, *_) if shared in PolicyDefaultsSection.model_fields:
                continue
            case ("deployments", _, "compliance", _):
                yield dataclasses.replace(key, default="the provider's")
            case _:
                yield key


def _keys_below(path: tuple[str, ...], section: SchemaNode) -> Iterator[KeyFacts]:
    keys: dict[str, SchemaNode] = section["properties"]
    for name, key in keys.items():
        value = value_of(key)
        yield KeyFacts(
            path=(*path, name),
            description=key["description"],
            takes=brief_words(value),
            default=_default_words(key["default"]) if "default" in key else None,
            required=name in section.get("required", ()),
        )
        named = named_value(value)
        listed = listed_value(value)
        if is_section(value):
            yield from _keys_below((*path, name), value)
        elif named is not None and is_section(named):
            yield from _keys_below((*path, name, ANY_NAME), named)
        elif listed is not None and is_section(listed):
            yield from _keys_below((*path, name, ANY_ITEM), listed)


def _default_words(default: object) -> str:
    match default:
        case None:
            return "left out"
        case bool():
            return f"`{str(default).lower()}`"
        case [] | {}:
            return "empty"
        case list():
            return listing([str(item) for item in cast("list[object]", default)])
        case _:
            return f"`{default}`"
