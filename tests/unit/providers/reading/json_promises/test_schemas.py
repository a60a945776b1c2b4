"""A right answer is never refused, a wrong one is seen, and no schema makes the check endless."""

from __future__ import annotations

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.conversation.response_formats import JsonSchemaFormat
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.providers.reading.json_promises.schemas import violates
from routersvc.providers.reading.soundness import require_format

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "age": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]},
        "friends": {"type": "array", "items": {"$ref": "#/$defs/friend"}, "maxItems": 2},
    },
    "required": ["name"],
    "additionalProperties": False,
    "$defs": {"friend": {"enum": ["ada", "bob", 1]}},
}


@pytest.mark.parametrize(
    "value",
    [
        {"name": "a"},
        {"name": "a", "age": None},
        {"name": "a", "age": 3.0, "friends": ["ada", 1]},
    ],
)
def test_right_answer_is_taken(value: object) -> None:
    """As the standard has it, a whole number may be written with a fraction of zero."""
    assert not violates(value, PERSON)


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        {"name": ""},
        {"name": "a", "age": -1},
        {"name": "a", "age": True},
        {"name": "a", "friends": ["eve"]},
        {"name": "a", "friends": [True]},
        {"name": "a", "friends": ["ada", "ada", "ada"]},
        {"name": "a", "more": 1},
    ],
)
def test_wrong_answer_is_seen(value: object) -> None:
    """Each breaks one rule."""
    assert violates(value, PERSON)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
        {"allOf": [{"$ref": "#"}, {"$ref": "#"}]},
        {"anyOf": [{"allOf": [{"$ref": "#"}, {"$ref": "#"}]}, {"$ref": "#"}]},
        {"pattern": "^(a+)+$"},
        {"patternProperties": {"^(a+)+$": False}},
        {"$ref": "https://elsewhere.test/schema"},
        {"$ref": "#/nowhere/~2/%zz"},
        {"type": 7, "enum": "x", "required": 3, "properties": [], "items": 1, "minimum": "x"},
        None,
    ],
)
@pytest.mark.parametrize("value", ["a" * 40 + "!", {"a": [1]}, 3])
def test_hostile_schema_ends_and_refuses_nothing(schema: object, value: object) -> None:
    """Loops, patterns and nonsense count as kept."""
    assert not violates(value, schema)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-3, 3) | st.text("ab", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=6,
)
NAMES = st.sampled_from(["null", "boolean", "string", "array", "object", "number", "integer"])
SCHEMAS: st.SearchStrategy[object] = st.recursive(
    st.booleans()
    | st.fixed_dictionaries(
        {},
        optional={
            "type": NAMES | st.lists(NAMES, min_size=1, max_size=2, unique=True),
            "const": VALUES,
            "minimum": st.integers(-2, 2),
            "exclusiveMaximum": st.integers(-2, 2),
            "minLength": st.integers(0, 2),
            "maxItems": st.integers(0, 2),
            "required": st.lists(st.sampled_from("ab"), max_size=2, unique=True),
        },
    ),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "properties": st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
            "additionalProperties": inner,
            "items": inner,
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
        },
    ),
    max_leaves=6,
)


@given(value=VALUES, schema=SCHEMAS)
def test_no_answer_is_refused_that_the_standard_allows(value: object, schema: object) -> None:
    """Judged by the reference implementation of the language."""
    if jsonschema.Draft202012Validator(schema).is_valid(value):  # type: ignore[arg-type]
        assert not violates(value, schema)


def test_answer_that_breaks_its_schema_is_a_bad_answer() -> None:
    """Unless the caller said that it need not be kept."""
    strict = JsonSchemaFormat(name="n", json_schema='{"type": "object", "required": ["a"]}')
    loose = JsonSchemaFormat(name="n", json_schema=strict.json_schema, strict=False)

    require_format("{}", loose)
    require_format('{"a": 1}', strict)
    with pytest.raises(AttemptFailedError) as failed:
        require_format("{}", strict)

    assert failed.value.failure.failure_class is FailureClass.BAD_ANSWER
