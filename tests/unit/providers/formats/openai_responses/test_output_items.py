"""Items of one answer that share an id, and copies of items that do not."""

from __future__ import annotations

from typing import Any

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.deltas import MediaDelta, TextDelta, ThoughtDelta, ToolCallDelta
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.conversation.prompts import Prompt
from routersvc.providers.formats.openai_responses.output_items import ItemReader
from routersvc.providers.reading.answer_texts import AnswerText
from routersvc.providers.reading.call_ids import CallIds

PROMPT = Prompt(messages=(Message(role=Role.USER, parts=(TextPart(text="Hello"),)),))


def reader() -> ItemReader:
    """Return a reader of the items of one answer."""
    return ItemReader(
        text=AnswerText(PROMPT),
        call_ids=CallIds(PROMPT),
        hides_thoughts=False,
        wants_logprobs=False,
        hosted_custom_calls=False,
    )


def said(text: str, item_id: str = "x") -> dict[str, Any]:
    """Return a message."""
    return {
        "type": "message",
        "id": item_id,
        "content": [{"type": "output_text", "text": text}],
    }


def texts_in(events: list[AnswerEvent]) -> list[str]:
    """Return the pieces of text."""
    return [event.text for event in events if isinstance(event, TextDelta)]


def test_items_of_a_body_stay_apart_whatever_their_ids() -> None:
    """XAI gives all thoughts of an answer one id."""
    events: list[AnswerEvent] = []
    thought = {"type": "reasoning", "id": "x", "summary": [{"text": "hm"}]}

    reader().close_all([thought, said("one"), said("two"), said("two")], events)

    assert [event.text for event in events if isinstance(event, ThoughtDelta)] == ["hm"]
    assert texts_in(events) == ["one", "two", "two"]


def test_items_of_a_stream_stay_apart_and_are_told_once() -> None:
    """The end of a stream repeats all of them."""
    items = reader()
    events: list[AnswerEvent] = []
    items.close(0, said("one"), events)
    items.close(1, said("two"), events)

    items.close_all([said("one"), said("two"), said("three", "y")], events)

    assert texts_in(events) == ["one", "two", "three"]


def test_copies_are_known_by_their_id_or_their_number() -> None:
    """Vendors number the items of a stream from 1, and change ids at its end."""
    by_id, by_number = reader(), reader()
    first: list[AnswerEvent] = []
    second: list[AnswerEvent] = []
    by_id.close(1, said("one", "a"), first)
    by_id.close(2, said("two", "b"), first)
    by_number.close(0, said("one", "a"), second)

    by_id.close_all([said("one", "a"), said("two", "b")], first)
    by_number.close_all([said("one", "changed")], second)

    assert texts_in(first) == ["one", "two"]
    assert texts_in(second) == ["one"]


def test_number_that_is_used_again_is_another_item() -> None:
    """Some servers number every item 0."""
    items = reader()
    events: list[AnswerEvent] = []
    for text, item_id in (("one", "a"), ("two", "b")):
        items.open(0, {**said("", item_id), "content": []}, events)
        items.text(0, 0, text, None, events)
        items.close(0, said(text, item_id), events)

    items.close_all([said("one", "a"), said("two", "b")], events)

    assert texts_in(events) == ["one", "two"]


def test_calls_and_pictures_are_numbered() -> None:
    """Each is one of its own."""
    call = {"type": "function_call", "call_id": "x", "name": "f", "arguments": "{}"}
    picture = {"type": "image_generation_call", "id": "x", "result": "AAA="}
    events: list[AnswerEvent] = []

    reader().close_all([call, call, picture, picture], events)

    calls = [event for event in events if isinstance(event, ToolCallDelta) and event.name]
    assert [one.call_id for one in calls] == ["x", "x-1"]
    assert [one.index for one in events if isinstance(one, MediaDelta)] == [0, 1]
