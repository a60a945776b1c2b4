"""The JSON Schema of the settings.

Editors, the reference page, the comments of the full example and the messages about wrong values
use this one schema.
"""

from __future__ import annotations

import copy
import functools
from typing import Any, cast

from routersvc.settings.document import SettingsDocument
from routersvc.settings.problems import KeyPath
from routersvc.settings.types.addresses import HostPort
from routersvc.settings.types.units import duration_text, size_text

SchemaNode = dict[str, Any]
"""A JSON Schema, or a part of one."""

_DURATIONS = frozenset({"duration", "long_duration", "pause"})


def settings_json_schema() -> SchemaNode:
    """Return the JSON Schema (draft 2020-12) of the settings."""
    return copy.deepcopy(root_node())


@functools.cache
def root_node() -> SchemaNode:
    """Return the schema itself; callers must not change it."""
    schema: SchemaNode = SettingsDocument.model_json_schema(mode="validation")
    sections: list[SchemaNode] = [schema, *schema["$defs"].values()]
    for section in sections:
        section.pop("title", None)
        for key in section.get("properties", {}).values():
            _describe(key, schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of routersvc",
        **schema,
    }


def _describe(key: SchemaNode, root: SchemaNode) -> None:
    """Remove pydantic's titles and write defaults as in the file."""
    target = _resolved(key, root)
    key.pop("title", None)
    key.setdefault("description", target.get("description", ""))
    if is_section(target):
        key.pop("default", None)
    elif "default" in key:
        key["default"] = _as_written(key["default"], _without_null(key, root).get("x-kind"))
    if "patternProperties" in key:
        key["additionalProperties"] = False


def _as_written(default: object, kind: str | None) -> object:
    """Return a default as it is written in the file."""
    match default:
        case int() | float() if kind in _DURATIONS:
            return duration_text(default)
        case int() if kind == "size":
            return size_text(default)
        case list():
            return [_as_written(item, kind) for item in cast("list[object]", default)]
        case {"host": str(host), "port": int(port)}:
            return str(HostPort(host=host, port=port))
        case _:
            return default


def node_at(path: KeyPath) -> SchemaNode | None:
    """Return the schema of the value at `path`, `None` if there is no such key."""
    node = root_node()
    for step in path:
        below = node.get("items") if isinstance(step, int) else _key(node, step)
        if below is None:
            return None
        node = value_of(below)
    return node


def keys_at(path: KeyPath) -> tuple[str, ...]:
    """Return the keys of the section at `path`; none if it is a mapping of names or no section."""
    return tuple((node_at(path) or {}).get("properties", {}))


def optional_keys_at(path: KeyPath) -> tuple[str, ...]:
    """Return the keys of a section that have a default."""
    required = (node_at(path) or {}).get("required", ())
    return tuple(key for key in keys_at(path) if key not in required)


def value_of(key: SchemaNode) -> SchemaNode:
    """Return the schema of a key's value, without null."""
    return _without_null(_resolved(key, root_node()), root_node())


def named_value(node: SchemaNode) -> SchemaNode | None:
    """Return the schema of the values in a mapping of names, `None` for any other schema."""
    patterns: dict[str, SchemaNode] = node.get("patternProperties", {})
    return next((value_of(value) for value in patterns.values()), None)


def listed_value(node: SchemaNode) -> SchemaNode | None:
    """Return the schema of a list's items, `None` for any other schema."""
    return value_of(node["items"]) if "items" in node else None


def name_pattern(node: SchemaNode) -> str:
    """Return the pattern of the names in a mapping of names, empty for any other schema."""
    patterns: dict[str, SchemaNode] = node.get("patternProperties", {})
    return next(iter(patterns), "")


def is_section(node: SchemaNode) -> bool:
    """Return whether a value is a mapping with fixed keys."""
    return "properties" in node


def _key(node: SchemaNode, name: str) -> SchemaNode | None:
    keys: dict[str, SchemaNode] = node.get("properties", {})
    return keys.get(name) or named_value(node)


def _resolved(node: SchemaNode, root: SchemaNode) -> SchemaNode:
    if "$ref" not in node:
        return node
    target: SchemaNode = root["$defs"][node["$ref"].rpartition("/")[-1]]
    return target


def _without_null(node: SchemaNode, root: SchemaNode) -> SchemaNode:
    options = [option for option in node.get("anyOf", []) if option != {"type": "null"}]
    return _resolved(options[0], root) if len(options) == 1 else node
