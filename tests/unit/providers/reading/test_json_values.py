"""JSON beyond the standard, as vendors write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.providers.reading.json_values import is_json, json_object, read_json

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (b'{"a": NaN, "b": [-Infinity, 1e999]}', {"a": None, "b": [None, None]}),
        (rb'{"a": "x\ud83d"}', {"a": "x\ufffd"}),
        (rb'{"a": "\ud83d\ude00"}', {"a": "\U0001f600"}),
        (rb'{"a": "\\ud83d", "b": NaN}', {"a": "\\ud83d", "b": None}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": "x\x01y"}', {"a": "x\x01y"}),
        (b'{"a": "\xff"}', {"a": "\ufffd"}),
    ],
    ids=["no numbers", "half", "pair", "backslash", "byte order mark", "control", "not UTF-8"],
)
def test_what_is_meant_is_read(written: bytes, value: object) -> None:
    """None of this is worth an answer."""
    assert read_json(written) == value


@pytest.mark.parametrize(
    "written", [b"", b"<html>", b'{"a": 1', b"{'a': 1}", b"NaN", b'{"a":' * 3_000 + b"}"]
)
def test_what_is_no_json_is_refused(written: bytes) -> None:
    """A truncated body is no answer."""
    with pytest.raises(ValueError):  # noqa: PT011 - the caller catches the class
        read_json(written)


@pytest.mark.parametrize(
    ("text", "expected"),
    [('{"a": 1}', True), (r'{"a": "\ud83d"}', True), ("{oops", False), (r'["\ud83d", NaN]', False)],
)
def test_halves_of_pairs_are_json(text: str, expected: bool) -> None:  # noqa: FBT001 - a table
    """Models cut a character where their tokens end."""
    assert is_json(text) is expected


def test_arguments_with_half_a_pair_can_be_sent_back() -> None:
    """They came from a model, and the conversation goes on."""
    assert json_object(r'{"a": "\ud83d"}') == {"a": "\ufffd"}


@given(value=PLAIN)
def test_lenient_reading_changes_no_values(value: object) -> None:
    """One number that cannot be read leaves the rest as it is."""
    import json  # noqa: PLC0415 - writes NaN, as vendors do

    written = json.dumps({"kept": value, "lost": float("nan")})

    assert read_json(written) == {"kept": value, "lost": None}
