"""The facts of every key, for the reference page and the comments of the full example."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import cast

from routersvc.settings.problems import KeyPath, listing
from routersvc.settings.schema.allowed_values import brief_words
from routersvc.settings.schema.schema import (
    SchemaNode,
    is_section,
    keys_at,
    listed_value,
    named_value,
    root_node,
    value_of,
)
from routersvc.settings.sections.policies import PolicyDefaultsSection

ANY_NAME = "<name>"
"""The step of a key path for names that the operator chooses."""

ANY_ITEM = "<item>"
"""The step of a key path for the items of a list of sections."""

_UNSET = "unset"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class KeyFacts:
    """The facts of one key in the schema.

    `path` contains `ANY_NAME` and `ANY_ITEM`. `takes` describes the value briefly. `default` is
    `None` for a required key, and for a section that always exists.
    """

    path: tuple[str, ...]
    description: str
    takes: str
    default: str | None
    required: bool

    @property
    def comment(self) -> str:
        """What the full example says above the key."""
        if self.required:
            return f"{self.description} Required."
        if self.default is None or (self.default == _UNSET and "If unset" in self.description):
            return self.description
        return f"{self.description} Default: {self.default.replace('`', '')}."


def all_keys() -> Iterator[KeyFacts]:
    """Yield the facts of every key, a section before its keys.

    Keys that a policy shares with `policy_defaults` are listed there only.
    """
    for key in _keys_below((), root_node()):
        match key.path:
            case ("policies", _, shared, *_) if shared in PolicyDefaultsSection.model_fields:
                continue
            case ("deployments", _, "compliance", _):
                yield dataclasses.replace(key, default="the provider's")
            case _:
                yield key


def general_path(path: KeyPath) -> tuple[str, ...]:
    """Return the path of a key in a file with `ANY_NAME` for names and `ANY_ITEM` for items."""
    return tuple(
        ANY_ITEM if isinstance(step, int) else step if step in keys_at(path[:at]) else ANY_NAME
        for at, step in enumerate(path)
    )


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
            return _UNSET
        case bool():
            return f"`{str(default).lower()}`"
        case [] | {}:
            return "empty"
        case list():
            return listing([str(item) for item in cast("list[object]", default)])
        case _:
            return f"`{default}`"
