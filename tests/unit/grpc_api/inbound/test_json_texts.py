"""Nesting and size of JSON are known without a parse."""

from __future__ import annotations

import json
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.grpc_api.inbound.json_texts import PIECE, size_of

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


MANY = 10_000_000


def is_deeper_than(limit: int, text: str | bytes) -> bool:
    """Whether a text is nested deeper than `limit`."""
    return size_of(text, most_values=MANY, deepest=limit).depth > limit


def has_more_than(limit: int, text: str | bytes) -> bool:
    """Whether a text has more values than `limit`."""
    return size_of(text, most_values=limit, deepest=MANY).values > limit


def values_of(value: object) -> int:
    """Return how many objects, arrays and further members a value has: its brackets and commas."""
    if isinstance(value, dict):
        inner = list(cast("dict[str, object]", value).values())
    elif isinstance(value, list):
        inner = cast("list[object]", value)
    else:
        return 0
    return max(1, len(inner)) + sum(map(values_of, inner))


PADDING = st.sampled_from(
    [
        "",
        " " * (PIECE - 3),
        '"' + "\\\\" * (PIECE // 4) + '", ',
        '"' + '\\"[' * (PIECE // 3) + '", ',
    ]
)
"""What stands before a value in an array, so that a piece ends anywhere in the value."""


@given(value=VALUES, before=PADDING)
def test_depth_is_that_of_the_parsed_value(value: object, before: str) -> None:
    """Brackets within strings do not count."""
    text = f"[{before}{json.dumps(value)}]"
    depth = 1 + depth_of(value)

    assert not is_deeper_than(depth, text)
    assert not is_deeper_than(depth, text.encode())
    assert is_deeper_than(depth - 1, text)
    assert is_deeper_than(depth - 1, text.encode())


@given(value=VALUES, enough=st.integers(0, 30), before=PADDING)
def test_more_than_enough_values_are_noticed(value: object, enough: int, before: str) -> None:
    """Brackets and commas within strings are no values."""
    text = f"[{before}{json.dumps(value)}]"
    is_more = values_of(json.loads(text)) > enough

    assert has_more_than(enough, text) is is_more
    assert has_more_than(enough, text.encode()) is is_more


@pytest.mark.parametrize("text", ['"' + '\\"' * 100_000 + "[" * 5, "[" * 300_000, '"\\', ""])
def test_what_is_no_json_is_read_once(text: str) -> None:
    """A string without an end reaches to the end."""
    assert is_deeper_than(200, text) is text.startswith("[")
