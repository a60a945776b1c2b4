"""Makes a JSON value that is valid for a JSON schema, as models with structured output do.

Covers what the vendors' structured outputs accept (draft 2020-12 without conditional
and dependent keywords): types and unions of types, `enum`, `const`, objects, arrays,
tuples, strings with length, pattern and the common formats, numbers with bounds and
`multipleOf`, `anyOf`, `oneOf`, `allOf`, `$ref` into the same document, recursion
included. A schema beyond that is refused by name instead of being half obeyed.
"""

from __future__ import annotations

import math
import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from routersvc.simulator.answers.patterns import matching_text
from routersvc.simulator.errors import SchemaError

Schema = Mapping[str, object]

# Beyond this depth only what is required is written, beyond the other nothing can be.
_SHALLOW = 4
_DEEPEST = 60
_REFUSED = ("not", "if", "dependentSchemas", "dependentRequired", "patternProperties", "contains")
_WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "haven", "iris", "jade")
_TYPES_BY_KEYWORD = {
    "properties": "object",
    "required": "object",
    "additionalProperties": "object",
    "items": "array",
    "prefixItems": "array",
    "minItems": "array",
    "minLength": "string",
    "maxLength": "string",
    "pattern": "string",
    "format": "string",
    "minimum": "number",
    "maximum": "number",
    "exclusiveMinimum": "number",
    "exclusiveMaximum": "number",
    "multipleOf": "number",
}
_FORMATS = {
    "date-time": "2026-03-14T09:26:53Z",
    "date": "2026-03-14",
    "time": "09:26:53Z",
    "duration": "PT15M",
    "email": "ada@example.com",
    "hostname": "service.example.com",
    "ipv4": "192.0.2.17",
    "ipv6": "2001:db8::17",
    "uri": "https://example.com/item/17",
}
_BOUNDS: Mapping[Callable[[tuple[float, float]], float], tuple[str, ...]] = {
    max: ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"),
    min: ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"),
}


def json_instance(schema: Schema, source: random.Random) -> object:
    """Return a JSON value that is valid for `schema`.

    Raises:
        SchemaError: the schema is malformed, uses what is not covered, or admits no
            value that could be found.
    """
    try:
        return _Maker(schema, source).value(schema, 0)
    except (TypeError, ValueError, LookupError, ArithmeticError) as error:
        raise SchemaError("schema", "a keyword has a value of the wrong type") from error


class _Maker:
    def __init__(self, root: Schema, source: random.Random) -> None:
        self._root = root
        self._source = source

    def value(self, schema: object, depth: int) -> object:
        if schema is True:
            return {}
        if not isinstance(schema, Mapping):
            raise SchemaError("schema", "a schema is an object that admits something")
        if depth > _DEEPEST:
            raise SchemaError("$ref", "the recursion has no end")
        merged = self._resolve(cast("Schema", schema), depth)
        for keyword in _REFUSED:
            if keyword in merged:
                raise SchemaError(keyword, "is not supported here")
        if "const" in merged:
            return merged["const"]
        if "enum" in merged:
            return self._source.choice(_sequence(merged, "enum"))
        return self._typed(merged, depth)

    def _resolve(self, schema: Schema, depth: int) -> Schema:
        """Follow `$ref`, choose from unions and merge `allOf` until only one schema is left."""
        merged = dict(schema)
        for _ in range(_DEEPEST):
            if "$ref" in merged:
                target = self._target(merged.pop("$ref"))
                merged = _merge(target, merged)
            elif "allOf" in merged:
                for part in _sequence(merged, "allOf"):
                    branch = self._resolve(_mapping(part, "allOf"), depth)
                    merged = _merge(
                        {key: entry for key, entry in merged.items() if key != "allOf"}, branch
                    )
            elif "anyOf" in merged or "oneOf" in merged:
                keyword = "anyOf" if "anyOf" in merged else "oneOf"
                branch = self._choose(_sequence(merged, keyword), depth)
                merged.pop(keyword)
                merged = _merge(merged, branch)
            else:
                return merged
        raise SchemaError("$ref", "refers to itself")

    def _choose(self, branches: Sequence[object], depth: int) -> Schema:
        schemas = [_mapping(branch, "anyOf") for branch in branches]
        if depth > _SHALLOW:
            return min(schemas, key=lambda schema: self._height(schema, 0))
        return self._source.choice(schemas)

    def _height(self, schema: object, depth: int) -> float:
        """How deep the smallest value of a schema is nested; infinite when it never ends."""
        if depth > _SHALLOW:
            return math.inf
        if not isinstance(schema, Mapping):
            return 0
        known = cast("Schema", schema)
        if "$ref" in known:
            return self._height(self._target(known["$ref"]), depth + 1)
        for keyword in ("anyOf", "oneOf"):
            if keyword in known:
                branches = _sequence(known, keyword)
                return min(self._height(branch, depth + 1) for branch in branches)
        inner = [0.0]
        required = cast("Sequence[str]", known.get("required", ()))
        inner += [
            1 + self._height(entry, depth + 1)
            for name, entry in _mapping(known.get("properties", {}), "properties").items()
            if name in required
        ]
        if known.get("minItems"):
            inner.append(1 + self._height(known.get("items", {}), depth + 1))
        inner += [
            self._height(part, depth + 1)
            for part in cast("Sequence[object]", known.get("allOf", ()))
        ]
        return max(inner)

    def _target(self, reference: object) -> Schema:
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise SchemaError("$ref", "only references into the same document are supported")
        found: object = self._root
        for step in reference.removeprefix("#").split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            entries = _mapping(found, "$ref")
            if name not in entries:
                raise SchemaError("$ref", f"nothing at `{reference}`")
            found = entries[name]
        return _mapping(found, "$ref")

    def _typed(self, schema: Schema, depth: int) -> object:
        kinds = schema.get("type")
        if isinstance(kinds, list):
            choices = cast("list[object]", kinds)
            plain = [kind for kind in choices if kind not in ("object", "array")]
            kinds = self._source.choice(plain if depth > _SHALLOW and plain else choices)
        if kinds is None:
            kinds = next((_TYPES_BY_KEYWORD[key] for key in schema if key in _TYPES_BY_KEYWORD), "")
        match kinds:
            case "object" | "":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, depth)
            case "string":
                return self._text(schema)
            case "integer":
                return self._number(schema, whole=True)
            case "number":
                return self._number(schema, whole=False)
            case "boolean":
                return self._source.random() < 0.5  # noqa: PLR2004 - a coin
            case "null":
                return None
            case _:
                raise SchemaError("type", f"unknown type {kinds!r}")

    def _object(self, schema: Schema, depth: int) -> dict[str, object]:
        properties = _mapping(schema.get("properties", {}), "properties")
        required = cast("Sequence[str]", schema.get("required", ()))
        wanted = [name for name in properties if name in required or depth <= _SHALLOW]
        made = {name: self.value(properties[name], depth + 1) for name in wanted}
        additional = schema.get("additionalProperties", True)
        for name in required:
            if name not in made:
                if additional is False:
                    raise SchemaError("required", f"`{name}` is required and not allowed")
                made[name] = self.value(additional, depth + 1)
        fewest = schema.get("minProperties", 0)
        for number in range(len(made), cast("int", fewest)):
            made[f"{_WORDS[number % len(_WORDS)]}_{number}"] = self.value(additional, depth + 1)
        return made

    def _array(self, schema: Schema, depth: int) -> list[object]:
        prefix = cast("Sequence[object]", schema.get("prefixItems", ()))
        items = schema.get("items", True)
        fewest = cast("int", schema.get("minItems", 0))
        most = cast("int", schema.get("maxItems", max(fewest, 3)))
        wanted = fewest if depth > _SHALLOW else self._source.randint(fewest, max(fewest, most))
        if items is False:
            wanted = min(wanted, len(prefix))
        made = [self.value(entry, depth + 1) for entry in prefix[:most]]
        for _ in range(_DEEPEST):
            if len(made) >= wanted:
                break
            entry = self.value(items, depth + 1)
            if not schema.get("uniqueItems") or entry not in made:
                made.append(entry)
        if len(made) < fewest:
            raise SchemaError("uniqueItems", "not enough different entries could be made")
        return made

    def _text(self, schema: Schema) -> str:
        shortest = cast("int", schema.get("minLength", 0))
        longest = cast("int | None", schema.get("maxLength"))
        pattern = schema.get("pattern")
        if isinstance(pattern, str):
            found = matching_text(pattern, self._source, shortest=shortest, longest=longest)
            if found is None:
                raise SchemaError("pattern", f"no text found for `{pattern}`")
            return found
        form = schema.get("format")
        if form == "uuid":
            return str(uuid.UUID(int=self._source.getrandbits(128), version=4))
        if form in _FORMATS:
            return _FORMATS[str(form)]
        text = " ".join(self._source.sample(_WORDS, 2))
        while len(text) < shortest:
            text += f" {self._source.choice(_WORDS)}"
        return text if longest is None else text[:longest]

    def _number(self, schema: Schema, *, whole: bool) -> float:
        step = cast("float", schema.get("multipleOf", 1 if whole else 0.25))
        low = cast("float", schema.get("minimum", -math.inf))
        high = cast("float", schema.get("maximum", math.inf))
        above = cast("float", schema.get("exclusiveMinimum", -math.inf))
        below = cast("float", schema.get("exclusiveMaximum", math.inf))
        if low == -math.inf and above == -math.inf:
            low = min(0.0, high - 100 * step, below - 100 * step)
        if high == math.inf and below == math.inf:
            high = max(low, above) + 100 * step
        first, last = math.ceil(max(low, above) / step), math.floor(min(high, below) / step)
        first += first * step <= above
        last -= last * step >= below
        if first > last:
            if whole or "multipleOf" in schema:
                raise SchemaError("minimum", "no number lies between the bounds")
            return (max(low, above) + min(high, below)) / 2
        number = self._source.randint(first, last) * step
        return int(number) if whole else number


def _merge(first: Schema, second: Schema) -> dict[str, object]:
    """Join two schemas that both apply; objects' properties and requirements add up."""
    merged = {**first, **second}
    if "properties" in first and "properties" in second:
        mine = _mapping(first["properties"], "properties")
        theirs = _mapping(second["properties"], "properties")
        shared = {name: {"allOf": [mine[name], theirs[name]]} for name in mine if name in theirs}
        merged["properties"] = {**mine, **theirs, **shared}
    if "required" in first and "required" in second:
        merged["required"] = [
            *cast("Sequence[object]", first["required"]),
            *cast("Sequence[object]", second["required"]),
        ]
    if "enum" in first and "enum" in second:
        allowed = _sequence(second, "enum")
        merged["enum"] = [entry for entry in _sequence(first, "enum") if entry in allowed]
    for tighter, keywords in _BOUNDS.items():
        for keyword in keywords:
            if keyword in first and keyword in second:
                bounds = cast("tuple[float, float]", (first[keyword], second[keyword]))
                merged[keyword] = tighter(bounds)
    return merged


def _mapping(value: object, keyword: str) -> Schema:
    if not isinstance(value, Mapping):
        raise SchemaError(keyword, "an object is expected")
    return cast("Schema", value)


def _sequence(schema: Schema, keyword: str) -> Sequence[object]:
    value = schema[keyword]
    if not isinstance(value, list) or not value:
        raise SchemaError(keyword, "a list with entries is expected")
    return cast("Sequence[object]", value)
