"""Tests of JSON bodies that are encoded in steps."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import FilePart, Part, TextPart, ToolResult
from routersvc.domain.conversation.prompts import Prompt, WireExtension
from routersvc.domain.conversation.steps import finished
from routersvc.domain.conversation.tools import FunctionTool
from routersvc.providers.writing import long_bodies
from routersvc.providers.writing.long_bodies import LONG_TEXT, encoding, is_long

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
BODIES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(body=BODIES)
def test_a_body_in_pieces_is_the_body_encoded_at_once(body: object) -> None:
    """Whatever is long in it, and wherever."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_bodies, "LONG_TEXT", 3)
        assert finished(encoding(body)) == orjson.dumps(body)


def test_each_step_encodes_one_piece_of_a_long_text() -> None:
    """So that other calls are served in between."""
    text = '"' * (3 * LONG_TEXT)

    steps = sum(1 for _ in encoding({"messages": [{"content": text}, {"content": "short"}]}))

    assert steps == 4


def test_a_short_body_has_no_step() -> None:
    """It is encoded at once."""
    assert list(encoding({"messages": [{"content": "short"}]})) == []


def test_half_of_a_surrogate_pair_in_a_long_text_is_refused() -> None:
    """As it is in a short one."""
    with pytest.raises(TypeError):
        finished(encoding({"content": "a" * LONG_TEXT + "\ud800"}))


@pytest.mark.parametrize("place", ["text", "result", "file", "schema", "extension"])
def test_long_prompts_are_known_before_they_are_written(place: str) -> None:
    """Wherever what is long stands; nothing is decoded for that."""

    def prompt(size: int) -> Prompt:
        long = "a" * size
        parts: dict[str, Part] = {
            "text": TextPart(text=long),
            "result": ToolResult(call_id="c", parts=(TextPart(text=long),)),
            "file": FilePart(data=b"\xff" * size, media_type="text/plain"),
        }
        return Prompt(
            messages=(Message(role=Role.USER, parts=(parts.get(place, TextPart(text="hi")),)),),
            tools=(FunctionTool(name="f", parameters_json_schema=long),)
            if place == "schema"
            else (),
            wire_extensions=(WireExtension(wire_format="openai_chat", fields_json=long),)
            if place == "extension"
            else (),
        )

    assert is_long(prompt(LONG_TEXT))
    assert not is_long(prompt(LONG_TEXT - 100))
