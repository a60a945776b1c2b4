"""Promised JSON is found behind thoughts and within a fence, however the text arrives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.providers.reading.json_promises.promised_json import PromisedJson

MARKS = ["<think>", "</think>", "<th", "[THINK]", "[/THINK]", "```", "```json\n", "{", "}", '"a"']
TEXTS = st.lists(st.sampled_from([*MARKS, " ", "\n", "hm", "1"]), max_size=12).map("".join)


def split(pieces: list[str], *, continues: bool = False) -> tuple[str, str]:
    """Return thought and JSON of a text."""
    promised = PromisedJson(continues=continues)
    found = [promised.feed(piece) for piece in pieces]
    found.append(promised.end())
    thought = "".join(thought for thought, _ in found)
    text = "".join(text for _, text in found)
    assert promised.json == text
    return thought, text


@pytest.mark.parametrize(
    ("text", "thought", "found"),
    [
        ('{"a": 1}', "", '{"a": 1}'),
        ('\n {"a": 1}\n', "", '{"a": 1}\n'),
        ('<think>hm</think>\n{"a": 1}', "hm", '{"a": 1}'),
        ('<thinking>hm</thinking>{"a": 1}', "hm", '{"a": 1}'),
        ('[THINK]hm[/THINK]{"a": 1}', "hm", '{"a": 1}'),
        ('hm\n</think>\n\n{"a": 1}', "hm\n", '{"a": 1}'),
        ('```json\n{"a": 1}\n```', "", '{"a": 1}'),
        ('<think>hm</think>```\n{"a": 1}\n```\n', "hm", '{"a": 1}'),
        ('{"a": "<think>x</think>"}', "", '{"a": "<think>x</think>"}'),
        ("42", "", "42"),
        ("Here it is: {}", "", "Here it is: {}"),
        ("<think>{}", "{}", ""),
        ("```", "", "```"),
        ("", "", ""),
    ],
)
def test_json_is_found(text: str, thought: str, found: str) -> None:
    """Thoughts are thoughts, and what is JSON is nothing but JSON."""
    assert split([text]) == (thought, found)
    assert split(list(text)) == (thought, found)


def test_rest_of_a_text_passes_as_it_is() -> None:
    """It begins in the middle of the JSON."""
    assert split(["<think>", " 1}"], continues=True) == ("", "<think> 1}")


@given(text=TEXTS, cut=st.integers(0, 40))
def test_pieces_make_no_difference(text: str, cut: int) -> None:
    """Vendors cut marks in two."""
    assert split([text[:cut], text[cut:]]) == split([text])
