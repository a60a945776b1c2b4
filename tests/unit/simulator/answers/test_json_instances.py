"""JSON instances: values that an independent validator finds valid for the schema."""

from __future__ import annotations

import datetime as dt
import ipaddress
import random
import uuid
from typing import Any

import jsonschema
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.simulator.answers.json_instances import json_instance
from routersvc.simulator.errors import SchemaError

_SEEDS = range(25)

_TREE = {
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "value": {"type": "integer"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
            },
            "required": ["value", "children", "next"],
            "additionalProperties": False,
        }
    },
    "type": "object",
    "properties": {"root": {"$ref": "#/$defs/node"}},
    "required": ["root"],
}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        {"enum": ["x", 1, None]},
        {"const": {"deep": [1]}},
        {"type": ["string", "null"]},
        {"type": "integer", "minimum": 3, "exclusiveMaximum": 5},
        {"type": "integer", "multipleOf": 7, "minimum": 50},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.1},
        {"type": "number", "maximum": -3.5},
        {"type": "string", "minLength": 30, "maxLength": 32},
        {"type": "string", "maxLength": 2},
        {"type": "string", "pattern": "^[A-Z]{2}[0-9]{3}$"},
        {"type": "array", "items": {"type": "boolean"}, "minItems": 5, "maxItems": 6},
        {"type": "array", "items": {"enum": [1, 2, 3]}, "minItems": 3, "uniqueItems": True},
        {"type": "array", "prefixItems": [{"type": "string"}, {"type": "null"}], "items": False},
        {"anyOf": [{"type": "string"}, {"type": "object", "properties": {"x": {"const": 1}}}]},
        {"oneOf": [{"type": "integer"}, {"type": "null"}]},
        {
            "allOf": [
                {"type": "object", "properties": {"a": {"type": "null"}}, "required": ["a"]},
                {"properties": {"b": {"type": "integer", "minimum": 2}}, "required": ["b"]},
                {"properties": {"b": {"minimum": 2}}},
            ]
        },
        {"allOf": [{"minimum": 3, "type": "integer"}, {"minimum": 1, "maximum": 4}]},
        {"allOf": [{"enum": [1, 2, 3]}, {"enum": [3, 4]}]},
        {"type": "object", "required": ["free"], "minProperties": 3},
        {"properties": {"untyped": True}},
        {},
        _TREE,
        {
            "$defs": {"self": {"type": "object", "properties": {"a": {"$ref": "#"}}}},
            "$ref": "#/$defs/self",
        },
    ],
)
def test_instances_are_valid(schema: dict[str, Any]) -> None:
    """`response_format` promises a valid value, whatever the seed."""
    jsonschema.Draft202012Validator.check_schema(schema)

    for seed in _SEEDS:
        value = json_instance(schema, random.Random(seed))

        jsonschema.validate(value, schema, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    ("form", "parser"),
    [
        ("date-time", dt.datetime),
        ("date", dt.date),
        ("time", dt.time),
        ("duration", dt.timedelta),
        ("uuid", uuid.UUID),
        ("ipv4", ipaddress.IPv4Address),
        ("ipv6", ipaddress.IPv6Address),
        ("uri", pydantic.AnyUrl),
    ],
)
def test_formats_are_obeyed(form: str, parser: type[object]) -> None:
    """Clients parse these into their own types."""
    value = json_instance({"type": "string", "format": form}, random.Random(1))

    assert isinstance(pydantic.TypeAdapter(parser).validate_python(value), parser)


def test_the_same_source_gives_the_same_instance() -> None:
    """`seed` makes answers repeatable, JSON included."""
    assert json_instance(_TREE, random.Random(4)) == json_instance(_TREE, random.Random(4))


Schema = dict[str, Any]


def _bounded(
    kind: str, low: str, high: str, start: st.SearchStrategy[int]
) -> st.SearchStrategy[Schema]:
    """Schemas of one kind with two bounds that leave room."""

    def schema(first: int, width: int) -> Schema:
        return {"type": kind, low: first, high: first + width}

    return st.builds(schema, start, st.integers(1, 9))


_SCALARS: st.SearchStrategy[Schema] = st.one_of(
    st.sampled_from([{"type": "boolean"}, {"type": "null"}]),
    _bounded("integer", "minimum", "maximum", st.integers(-50, 50)),
    _bounded("number", "minimum", "exclusiveMaximum", st.integers(-50, 50)),
    _bounded("string", "minLength", "maxLength", st.integers(0, 20)),
    st.fixed_dictionaries(
        {"enum": st.lists(st.integers() | st.text(max_size=3), min_size=1, unique=True)}
    ),
)


def _object(properties: dict[str, Schema]) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties)[:1],
        "additionalProperties": False,
    }


def _nested(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return st.one_of(
        st.builds(_object, st.dictionaries(st.sampled_from(["a", "b", "c"]), inner)),
        st.fixed_dictionaries(
            {"type": st.just("array"), "items": inner, "minItems": st.integers(0, 2)}
        ),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=3)}),
    )


@given(schema=st.recursive(_SCALARS, _nested, max_leaves=10), seed=st.integers(0, 1000))
def test_instances_of_any_covered_schema_are_valid(schema: dict[str, Any], seed: int) -> None:
    """The judge is another implementation of JSON Schema."""
    value = json_instance(schema, random.Random(seed))

    jsonschema.validate(value, schema, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    ("schema", "keyword"),
    [
        ({"not": {}}, "not"),
        ({"type": "colour"}, "type"),
        ({"$ref": "https://example.com/x"}, "$ref"),
        ({"$ref": "#/$defs/absent"}, "$ref"),
        ({"$ref": "#"}, "$ref"),
        ({"type": "integer", "minimum": 2, "maximum": 1}, "minimum"),
        ({"type": "string", "pattern": "^a$b"}, "pattern"),
        ({"enum": []}, "enum"),
        ({"properties": {"a": False}}, "schema"),
        ({"properties": 3}, "properties"),
        ({"type": "array", "minItems": "x"}, "schema"),
        ({"type": "object", "required": ["a"], "additionalProperties": False}, "required"),
        (
            {"type": "array", "items": {"const": 1}, "minItems": 2, "uniqueItems": True},
            "uniqueItems",
        ),
        (
            {
                "$defs": {
                    "n": {
                        "type": "object",
                        "properties": {"n": {"$ref": "#/$defs/n"}},
                        "required": ["n"],
                    }
                },
                "$ref": "#/$defs/n",
            },
            "$ref",
        ),
        ({"type": []}, "schema"),
    ],
)
def test_what_cannot_be_made_is_refused_by_keyword(schema: dict[str, Any], keyword: str) -> None:
    """A provider answers such a schema with 400, never with a wrong value."""
    with pytest.raises(SchemaError) as refused:
        json_instance(schema, random.Random(1))

    assert refused.value.keyword == keyword
