"""Holds a JSON value against the schema that the caller asked for.

A caller's schema is not trusted: the work is bounded by a number of steps and by depth, references
are resolved within the schema only, and patterns are not tried, because one can run for ever. What
is not checked (patterns, formats, `not`, conditions, what lies beyond the bounds, keywords of an
unexpected shape) counts as kept: a right answer is never refused. `oneOf` is checked as `anyOf`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import cast
from urllib.parse import unquote

MAX_STEPS = 20_000
"""Subschemas that are applied for one answer: some milliseconds at most."""

MAX_DEPTH = 64

_TYPES: Mapping[str, Callable[[object], bool]] = MappingProxyType(
    {
        "null": lambda it: it is None,
        "boolean": lambda it: isinstance(it, bool),
        "string": lambda it: isinstance(it, str),
        "array": lambda it: isinstance(it, list),
        "object": lambda it: isinstance(it, dict),
        "number": lambda it: isinstance(it, int | float) and not isinstance(it, bool),
        "integer": lambda it: (
            (isinstance(it, int) and not isinstance(it, bool))
            or (isinstance(it, float) and it.is_integer())
        ),
    }
)

_Object = Mapping[str, object]


def violates(value: object, schema: object) -> bool:
    """Return whether a value certainly breaks a schema."""
    return not _Check(schema).obeys(value, schema, 0)


class _Check:
    """One value held against one schema."""

    def __init__(self, root: object) -> None:
        self._root = root
        self._steps = 0

    def obeys(self, value: object, schema: object, depth: int) -> bool:
        self._steps += 1
        if schema is False:
            return False
        if not isinstance(schema, dict) or depth > MAX_DEPTH or self._steps > MAX_STEPS:
            return True
        rules = cast("_Object", schema)
        if value is None and rules.get("nullable") is True:
            return True
        return (
            _has_type(value, rules.get("type"))
            and _is_listed(value, rules)
            and self._obeys_others(value, rules, depth + 1)
            and self._obeys_inside(value, rules, depth + 1)
        )

    def _obeys_others(self, value: object, rules: _Object, depth: int) -> bool:
        reference = rules.get("$ref")
        if isinstance(reference, str) and not self.obeys(value, self._at(reference), depth):
            return False
        if not all(self.obeys(value, one, depth) for one in _list(rules.get("allOf"))):
            return False
        return all(
            any(self.obeys(value, one, depth) for one in choices)
            for choices in (_list(rules.get("anyOf")), _list(rules.get("oneOf")))
            if choices
        )

    def _obeys_inside(self, value: object, rules: _Object, depth: int) -> bool:
        match value:
            case dict():
                return self._object_obeys(cast("_Object", value), rules, depth)
            case list():
                return self._array_obeys(cast("Sequence[object]", value), rules, depth)
            case str():
                return _within(len(value), rules, "minLength", "maxLength")
            case bool():
                return True
            case int() | float():
                return (
                    _within(value, rules, "minimum", "maximum")
                    and not _equals(value, rules.get("exclusiveMinimum"))
                    and not _equals(value, rules.get("exclusiveMaximum"))
                    and _within(value, rules, "exclusiveMinimum", "exclusiveMaximum")
                )
            case _:
                return True

    def _object_obeys(self, value: _Object, rules: _Object, depth: int) -> bool:
        if not all(name in value for name in _list(rules.get("required"))):
            return False
        given = rules.get("properties")
        known: _Object = cast("_Object", given) if isinstance(given, dict) else {}
        # A pattern may allow any name.
        more = True if "patternProperties" in rules else rules.get("additionalProperties", True)
        return _within(len(value), rules, "minProperties", "maxProperties") and all(
            self.obeys(item, known.get(name, more), depth) for name, item in value.items()
        )

    def _array_obeys(self, value: Sequence[object], rules: _Object, depth: int) -> bool:
        if not _within(len(value), rules, "minItems", "maxItems"):
            return False
        items = rules.get("items", True)
        # Before 2020 a list of `items` was what `prefixItems` is now.
        first = _list(items) or _list(rules.get("prefixItems"))
        more = rules.get("additionalItems", True) if isinstance(items, list) else items
        return all(
            self.obeys(item, first[place] if place < len(first) else more, depth)
            for place, item in enumerate(value)
        )

    def _at(self, reference: str) -> object:
        """Return the part of the schema that a reference names; what is not there allows all."""
        if not reference.startswith("#"):
            return True
        found = self._root
        for name in reference[1:].split("/")[1:]:
            key = unquote(name).replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict):
                found = cast("_Object", found).get(key, True)
            else:
                # A list of subschemas, or nothing: named so by hand, and rarely.
                return True
        # `#name` is an anchor, which is not looked up.
        return found if reference in {"#", "#/"} or "/" in reference else True


def _list(value: object) -> Sequence[object]:
    return cast("Sequence[object]", value) if isinstance(value, list) else ()


def _has_type(value: object, types: object) -> bool:
    names = _list(types) or [types]
    checks = [_TYPES.get(name) if isinstance(name, str) else None for name in names]
    return any(check is None or check(value) for check in checks)


def _is_listed(value: object, rules: _Object) -> bool:
    if "const" in rules and not _equals(value, rules["const"]):
        return False
    listed = _list(rules.get("enum"))
    return not listed or any(_equals(value, one) for one in listed)


def _equals(value: object, other: object) -> bool:
    return isinstance(value, bool) == isinstance(other, bool) and value == other


def _within(size: float, rules: _Object, least: str, most: str) -> bool:
    low, high = rules.get(least), rules.get(most)
    return (not _is_number(low) or size >= cast("float", low)) and (
        not _is_number(high) or size <= cast("float", high)
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
