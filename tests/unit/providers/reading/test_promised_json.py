"""Promised JSON reaches the caller without what the model put around it."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.providers.formats.claude_bodies import MESSAGES, read

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.deltas import TextDelta, ThoughtDelta
from routersvc.domain.conversation.reasoning import Reasoning, ReasoningVisibility
from routersvc.domain.conversation.response_formats import JsonObjectFormat
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.providers.reading.promised_json import unwrapped


def stream(text: str, cuts: tuple[int, ...] = ()) -> bytes:
    """Return a stream of Claude's with the text cut at these places."""
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    pieces = [text[a:b] for a, b in itertools.pairwise(places)]
    events = [
        {"type": "message_start", "message": {"id": "m"}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *(
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": piece},
            }
            for piece in pieces
        ),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
        {"type": "message_stop"},
    ]
    return b"".join(f"data: {json.dumps(event)}\n\n".encode() for event in events)


def answer(body: bytes, visibility: ReasoningVisibility | None = None) -> list[AnswerEvent]:
    """Return the events of an answer that was promised as JSON."""
    return read(
        MESSAGES,
        "text/event-stream",
        body,
        response_format=JsonObjectFormat(),
        reasoning=Reasoning(visibility=visibility),
    )


def text_in(events: list[AnswerEvent]) -> str:
    """Return the text of an answer."""
    return "".join(event.text for event in events if isinstance(event, TextDelta))


@pytest.mark.parametrize(
    ("text", "thought"),
    [
        ('{"a": 1}', ""),
        (' \n{"a": 1} ', ""),
        ('```json\n{"a": 1}\n```\n', ""),
        ('```\n{"a": 1}```', ""),
        ('<think>hm</think>{"a": 1}', "hm"),
        ('<think>\n\n</think>\n\n{"a": 1}', ""),
        ('So: hm\n</think>\n```json\n{"a": 1}\n```', "So: hm"),
    ],
)
@given(cuts=st.lists(st.integers(0, 60), max_size=6).map(tuple))
def test_wrapping_is_taken_away_however_it_is_cut(
    text: str, thought: str, cuts: tuple[int, ...]
) -> None:
    """The thoughts before the JSON are thoughts."""
    events = answer(stream(text, cuts))

    assert text_in(events).strip() == '{"a": 1}'
    assert "".join(e.text for e in events if isinstance(e, ThoughtDelta)) == thought


def test_marks_inside_the_json_are_content() -> None:
    """Only what stands around it is taken away."""
    text = json.dumps({"a": "```json\n</think> ``` <think>"})

    assert text_in(answer(stream(f"```json\n{text}\n```", (5, 20, 30)))) == text


def test_hidden_thought_is_left_out() -> None:
    """The caller asked for none."""
    events = answer(stream('<think>hm</think>{"a": 1}'), ReasoningVisibility.HIDDEN)

    assert not any(isinstance(event, ThoughtDelta) for event in events)
    assert text_in(events) == '{"a": 1}'


@pytest.mark.parametrize(
    "text", ["Here: {}", "<think>{}", "```python\n{}\n```", "```json\n{}\n``` So."]
)
def test_prose_is_no_json(text: str) -> None:
    """It fails."""
    with pytest.raises(AttemptFailedError):
        answer(stream(text))


@pytest.mark.parametrize("piece", ["</think>", "```", " ", "`", "<think>"])
def test_work_of_unwrapping_is_bounded(piece: str) -> None:
    """What is not understood is passed on."""
    assert len(unwrapped(piece * 300_000)) > 1_000
