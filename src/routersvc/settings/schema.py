"""The JSON Schema of the settings, for editors, and what it says of each key, for people.

The reference page, the messages about wrong values and the completeness of the commented example
are all read off this one schema.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
from collections.abc import Iterator
from typing import Any, cast

from routersvc.settings.addresses import HostPort
from routersvc.settings.document import SettingsDocument
from routersvc.settings.policies import PolicyDefaultsSection
from routersvc.settings.problems import KeyPath, listing
from routersvc.settings.units import duration_text, size_text

SchemaNode = dict[str, Any]
"""A JSON Schema, or a part of one."""

ANY_NAME = "<name>"
"""Stands in a key path for a name that the operator chooses."""

_LONGEST_BRIEF_LIST = 6
_DURATIONS = frozenset({"duration", "pause"})

_KINDS = {
    "duration": "a length of time above 0 and up to 24h: `250ms`, `2s`, `1m30s`, or seconds as a "
    "number",
    "pause": "a length of time up to 24h: `0s`, `250ms`, `1m30s`, or seconds as a number",
    "size": "a size above 0 and below 2GiB: `512KiB`, `16MiB`, `1GiB`, or bytes as a number",
    "secret": "`env:NAME` for an environment variable, `file:PATH` for a file",
    "header": "text of visible ASCII characters, `env:NAME` or `file:PATH`",
    "url": "`http://host:port/path` or `https://host/path`",
    "host_port": "`host:port`, `[ipv6]:port`",
    "listen": "`host:port`, `[ipv6]:port`, `unix:/path/of.socket`",
}

_BRIEF_KINDS = {
    "duration": "duration",
    "pause": "duration or `0s`",
    "size": "size",
    "secret": "secret by reference",
    "header": "text or secret by reference",
    "url": "`http` or `https` address",
    "host_port": "`host:port`",
    "listen": "`host:port` or `unix:/path`",
}

_NAME = r"^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$"
_PATTERNS = {
    _NAME: "a name of up to 128 letters, digits and `. _ : / @ + -`, that begins with a letter or "
    "digit",
    r"^\S{1,256}$": "text of up to 256 characters without spaces",
    r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$": "the name of an HTTP header that the router does not "
    "set itself",
}


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class KeyFacts:
    """What the schema says of one key; `path` holds `ANY_NAME` where names stand.

    `kind` tells in a few words what it takes. `default` is `None` for a key that is required, and
    for a section.
    """

    path: tuple[str, ...]
    description: str
    kind: str
    default: str | None
    required: bool
    is_section: bool


def settings_json_schema() -> SchemaNode:
    """Return the JSON Schema (draft 2020-12) of the settings."""
    return copy.deepcopy(_schema())


@functools.cache
def _schema() -> SchemaNode:
    schema: SchemaNode = SettingsDocument.model_json_schema(mode="validation")
    sections: list[SchemaNode] = [schema, *schema["$defs"].values()]
    for section in sections:
        section.pop("title", None)
        for key in section.get("properties", {}).values():
            key.pop("title", None)
            target = _resolved(key, schema)
            key.setdefault("description", target.get("description", ""))
            if _is_section(target):
                key.pop("default", None)
            elif "default" in key:
                key["default"] = _written(key["default"], _without_null(key, schema).get("x-kind"))
            if "patternProperties" in key:
                key["additionalProperties"] = False
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of routersvc",
        **schema,
    }


def node_at(path: KeyPath) -> SchemaNode | None:
    """Return what the schema says of the value at `path`, `None` where no such key exists."""
    root = _schema()
    node = root
    for step in path:
        found = _child(_without_null(node, root), step)
        if found is None:
            return None
        node = _resolved(found, root)
    return _without_null(node, root)


def keys_at(path: KeyPath) -> tuple[str, ...]:
    """Return the keys that a section knows; none where names are free or no section is."""
    node = node_at(path)
    return () if node is None else tuple(node.get("properties", {}))


def optional_keys_at(path: KeyPath) -> tuple[str, ...]:
    """Return the keys of a section that have a default."""
    node = node_at(path) or {}
    return tuple(key for key in keys_at(path) if key not in node.get("required", ()))


def allowed_at(path: KeyPath) -> str:
    """Return what may stand at `path`, in words."""
    node = node_at(path)
    return "" if node is None else _allowed(node, brief=False)


def allowed_names_at(path: KeyPath) -> str:
    """Return what the names in the mapping at `path` may be, in words."""
    node = node_at(path)
    pattern = "" if node is None else next(iter(node.get("patternProperties", {})), "")
    return _PATTERNS.get(pattern, "")


def all_keys() -> Iterator[KeyFacts]:
    """Yield the facts of every key, a section before the keys in it.

    The keys that a policy shares with `policy_defaults` are told there alone.
    """
    shared = PolicyDefaultsSection.model_fields
    for key in _keys_below((), _schema()):
        if key.path[0] != "policies" or len(key.path) < 3 or key.path[2] not in shared:  # noqa: PLR2004
            yield key


def _keys_below(path: tuple[str, ...], node: SchemaNode) -> Iterator[KeyFacts]:
    root = _schema()
    required = node.get("required", [])
    for name, raw in node.get("properties", {}).items():
        key = _without_null(_resolved(raw, root), root)
        own = (*path, name)
        inner = _names_of(key)
        below = None if inner is None else _resolved(inner, root)
        section = _is_section(key) or (below is not None and _is_section(below))
        yield KeyFacts(
            path=own,
            description=raw.get("description", ""),
            kind=_allowed(key, brief=True),
            default=_default_text(raw) if "default" in raw else None,
            required=name in required,
            is_section=section,
        )
        if below is not None and _is_section(below):
            yield from _keys_below((*own, ANY_NAME), below)
        elif _is_section(key):
            yield from _keys_below(own, key)


def _child(node: SchemaNode, step: str | int) -> SchemaNode | None:
    if isinstance(step, int):
        return node.get("items")
    return node.get("properties", {}).get(step) or _names_of(node)


def _names_of(node: SchemaNode) -> SchemaNode | None:
    """Return what stands behind each free name of a mapping."""
    for inner in node.get("patternProperties", {}).values():
        return inner  # type: ignore[no-any-return]
    return None


def _resolved(node: SchemaNode, root: SchemaNode) -> SchemaNode:
    reference = node.get("$ref")
    if reference is None:
        return node
    target: SchemaNode = root["$defs"][reference.rsplit("/", 1)[-1]]
    return target


def _is_section(node: SchemaNode) -> bool:
    return "properties" in node


def _without_null(node: SchemaNode, root: SchemaNode) -> SchemaNode:
    """Return the one thing that a key may be, besides left out."""
    options = [option for option in node.get("anyOf", []) if option != {"type": "null"}]
    return _resolved(options[0], root) if len(options) == 1 else node


def _allowed(node: SchemaNode, *, brief: bool) -> str:
    """Return what a value may be; `brief` for a table, else for somebody who got it wrong."""
    if "x-kind" in node:
        return (_BRIEF_KINDS if brief else _KINDS)[node["x-kind"]]
    if "enum" in node:
        # The capabilities are too many for a table.
        return (
            "capability" if brief and _is_long(node["enum"]) else f"one of {listing(node['enum'])}"
        )
    match node.get("type"):
        case "boolean":
            return "`true` or `false`"
        case "integer" | "number":
            return _allowed_number(node)
        case "string":
            brief_words = "name" if node.get("pattern") == _NAME else "text"
            return brief_words if brief else _PATTERNS.get(node.get("pattern", ""), "text")
        case "array":
            item = _allowed(_resolved(node["items"], _schema()), brief=brief)
            return f"list: {item}" if brief else f"a list{_filled(node)}; each item: {item}"
        case _ if _is_section(node):
            return "section" if brief else f"a mapping with the keys {listing(node['properties'])}"
        case _:
            value = _resolved(_names_of(node) or {}, _schema())
            if _is_section(value):
                return "sections by name" if brief else f"a mapping of names{_filled(node)}"
            inner = _allowed(value, brief=brief)
            return (
                f"by name: {inner}"
                if brief
                else f"a mapping of names{_filled(node)}; each: {inner}"
            )


def _filled(node: SchemaNode) -> str:
    return ", not empty" if node.get("minItems") or node.get("minProperties") else ""


def _is_long(names: list[str]) -> bool:
    return len(names) > _LONGEST_BRIEF_LIST


def _allowed_number(node: SchemaNode) -> str:
    words = ["a whole number" if node["type"] == "integer" else "a number"]
    if "minimum" in node:
        words.append(f"at least {node['minimum']:.10g}")
    if "exclusiveMinimum" in node:
        words.append(f"above {node['exclusiveMinimum']:.10g}")
    if "maximum" in node:
        words.append(f"at most {node['maximum']:.10g}")
    if "exclusiveMaximum" in node:
        words.append(f"below {node['exclusiveMaximum']:.10g}")
    return ", ".join(words)


def _written(default: object, kind: str | None) -> object:
    """Return a default as people write it in the file."""
    if isinstance(default, float | int) and kind in _DURATIONS:
        return duration_text(default)
    if isinstance(default, int) and kind == "size":
        return size_text(default)
    if isinstance(default, list):
        return [_written_item(item) for item in cast("list[object]", default)]
    return default


def _written_item(item: object) -> object:
    """Return an item of a default list as people write it; addresses come in their parts."""
    if isinstance(item, dict):
        return str(HostPort(**cast("dict[str, Any]", item)))
    return item


def _default_text(raw: SchemaNode) -> str:
    default = raw["default"]
    if default is None:
        return "left out"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, list | dict):
        return listing(default) if default else "empty"  # pyright: ignore[reportUnknownArgumentType]
    return f"`{default}`"
