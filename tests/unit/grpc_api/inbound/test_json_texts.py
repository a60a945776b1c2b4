"""The nesting of JSON is known without a parse."""

from __future__ import annotations

import json
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.grpc_api.inbound.json_texts import is_deeper_than

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


@given(value=VALUES)
def test_depth_is_that_of_the_parsed_value(value: object) -> None:
    """Brackets within strings do not count."""
    text = json.dumps(value)
    depth = depth_of(value)

    assert not is_deeper_than(depth, text)
    assert not is_deeper_than(depth, text.encode())
    if depth:
        assert is_deeper_than(depth - 1, text)
        assert is_deeper_than(depth - 1, text.encode())


@pytest.mark.parametrize("text", ['"' + '\\"' * 100_000 + "[" * 5, "[" * 300_000, '"\\', ""])
def test_what_is_no_json_is_read_once(text: str) -> None:
    """A string without an end reaches to the end."""
    assert is_deeper_than(200, text) is text.startswith("[")
