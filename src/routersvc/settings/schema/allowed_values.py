"""Describes the values that a key accepts: in full for messages, briefly for tables."""

from __future__ import annotations

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.tasks import Task
from routersvc.settings.problems import KeyPath, listing
from routersvc.settings.schema.schema import (
    SchemaNode,
    is_section,
    name_pattern,
    named_value,
    node_at,
    value_of,
)
from routersvc.settings.sections.route_rules import Weekday

_KINDS = {
    "duration": "a duration above 0 and up to 24h: `250ms`, `2s`, `1m30s`, or a number of seconds",
    "long_duration": "a duration above 0 and up to 366d: `1h`, `1d`, `30d`, or a number of seconds",
    "pause": "a duration up to 24h: `0s`, `250ms`, `1m30s`, or a number of seconds",
    "size": "a size above 0 and below 2GiB: `512KiB`, `16MiB`, `1GiB`, or a number of bytes",
    "time_of_day": "a time in UTC such as `22:00`",
    "date": "a date such as `2027-01-31`",
    "secret": "`env:NAME` for an environment variable, `file:PATH` for a file",
    "header": "text of visible ASCII characters, `env:NAME` or `file:PATH`",
    "url": "`http://host:port/path` or `https://host/path`",
    "host_port": "`host:port`, `[ipv6]:port`",
    "listen": "`host:port`, `[ipv6]:port`, `unix:/path/of.socket`",
}

_BRIEF_KINDS = {
    "duration": "duration",
    "long_duration": "duration",
    "pause": "duration or `0s`",
    "size": "size",
    "time_of_day": "time in UTC",
    "date": "date",
    "secret": "secret by reference",
    "header": "text or secret by reference",
    "url": "`http` or `https` address",
    "host_port": "`host:port`",
    "listen": "`host:port` or `unix:/path`",
}

_NAME = r"^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$"
_PATTERNS = {
    _NAME: "a name of up to 128 letters, digits and `. _ : / @ + -`, starting with a letter or "
    "digit",
    r"^[A-Za-z0-9._~+/-]{0,64}$": "one word of up to 64 letters, digits and `. _ ~ + / -`, or "
    "nothing",
    r"^sha256:[0-9a-f]{64}$": "`sha256:` and the hash in 64 hexadecimal digits, as "
    '`printf %s "$KEY" | sha256sum` prints it',
    r"^[^\x00-\x1f]{1,512}$": "text of up to 512 characters on one line",
    r"^\S{1,256}$": "text of up to 256 characters without spaces",
    r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$": "the name of an HTTP header that the router does not "
    "set itself",
}

_LONG_LISTS = {
    tuple(one.value for one in values): word
    for values, word in ((Capability, "capability"), (Task, "task"), (Weekday, "day, as `monday`"))
}
"""Short names of long lists, for tables."""

_NO_LIMIT = 1_000_000
"""Upper limits from here on only catch typing errors and are not shown in tables."""


def allowed_at(path: KeyPath) -> str:
    """Describe the allowed values at `path`."""
    node = node_at(path)
    return "" if node is None else allowed_words(node)


def allowed_names_at(path: KeyPath) -> str:
    """Describe the allowed names in the mapping at `path`."""
    return _PATTERNS.get(name_pattern(node_at(path) or {}), "")


def allowed_words(node: SchemaNode) -> str:
    """Describe the allowed values in full, for a message about a wrong one."""
    if "x-kind" in node:
        return _KINDS[node["x-kind"]]
    if "enum" in node:
        return f"one of {listing(node['enum'])}"
    match node.get("type"):
        case "boolean":
            return "`true` or `false`"
        case "integer" | "number":
            return _number_words(node)
        case "string":
            return _PATTERNS.get(node.get("pattern", ""), "text")
        case "array":
            filled = ", not empty" if node.get("minItems") else ""
            return f"a list{filled}; each item: {allowed_words(value_of(node['items']))}"
        case _ if is_section(node):
            return f"a mapping with the keys {listing(node['properties'])}"
        case _:
            filled = ", not empty" if node.get("minProperties") else ""
            value = named_value(node) or {}
            each = "" if is_section(value) else f"; each: {allowed_words(value)}"
            return f"a mapping of names{filled}{each}"


def brief_words(node: SchemaNode) -> str:
    """Describe the allowed values briefly, for a table."""
    if "x-kind" in node:
        return _BRIEF_KINDS[node["x-kind"]]
    if "enum" in node:
        names: list[str] = node["enum"]
        return _LONG_LISTS.get(tuple(names)) or f"one of {listing(names)}"
    match node.get("type"):
        case "boolean":
            return "`true` or `false`"
        case "integer" | "number":
            return _brief_number_words(node)
        case "string":
            return "name" if node.get("pattern") == _NAME else "text"
        case "array":
            return f"list: {brief_words(value_of(node['items']))}"
        case _ if is_section(node):
            return "section"
        case _:
            value = named_value(node) or {}
            return "sections by name" if is_section(value) else f"by name: {brief_words(value)}"


def _number_words(node: SchemaNode) -> str:
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


def _brief_number_words(node: SchemaNode) -> str:
    words = "whole number" if node["type"] == "integer" else "number"
    if "minimum" in node:
        words += f" from {node['minimum']}"
    else:
        words += f" above {node['exclusiveMinimum']}"
    if "exclusiveMaximum" in node:
        return f"{words}, below {node['exclusiveMaximum']}"
    return words if node["maximum"] >= _NO_LIMIT else f"{words} to {node['maximum']}"
