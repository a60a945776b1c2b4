"""Nesting and size of JSON are known without a parse."""

from __future__ import annotations

import json
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.grpc_api.inbound.json_texts import is_deeper_than, values_in

VALUES = st.recursive(
    st.none() | st.integers() | st.text(alphabet='[]{}"\\a', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=20,
)


def depth_of(value: object) -> int:
    """Return how deep a value is nested."""
    if isinstance(value, dict):
        inner = list(cast("dict[str, object]", value).values())
    elif isinstance(value, list):
        inner = cast("list[object]", value)
    else:
        return 0
    return 1 + max(map(depth_of, inner), default=0)


MANY = 10_000


def values_of(value: object) -> int:
    """Return how many objects, arrays and further members a value has: its brackets and commas."""
    if isinstance(value, dict):
        inner = list(cast("dict[str, object]", value).values())
    elif isinstance(value, list):
        inner = cast("list[object]", value)
    else:
        return 0
    return max(1, len(inner)) + sum(map(values_of, inner))


@given(value=VALUES)
def test_depth_is_that_of_the_parsed_value(value: object) -> None:
    """Brackets within strings do not count."""
    text = json.dumps(value)
    depth = depth_of(value)

    assert not is_deeper_than(depth, text, most=MANY)
    assert not is_deeper_than(depth, text.encode(), most=MANY)
    if depth:
        assert is_deeper_than(depth - 1, text, most=MANY)
        assert is_deeper_than(depth - 1, text.encode(), most=MANY)


@given(value=VALUES, enough=st.integers(0, 30))
def test_more_than_enough_values_are_noticed(value: object, enough: int) -> None:
    """Brackets and commas within strings are no values."""
    text = json.dumps(value)
    is_more = values_of(value) > enough

    assert (values_in(text, enough) > enough) is is_more
    assert (values_in(text.encode(), enough) > enough) is is_more


@pytest.mark.parametrize("text", ['"' + '\\"' * 100_000 + "[" * 5, "[" * 300_000, '"\\', ""])
def test_what_is_no_json_is_read_once(text: str) -> None:
    """A string without an end reaches to the end."""
    assert is_deeper_than(200, text, most=MANY) is text.startswith("[")
