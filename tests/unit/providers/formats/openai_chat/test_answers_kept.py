"""Answers that vendors write carelessly: calls, pictures and counts in unusual places."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.assembly import Answer, collect
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.parts import ImagePart, TextPart, ThoughtPart, ToolCall
from routersvc.domain.conversation.response_formats import JsonObjectFormat
from routersvc.domain.conversation.usage import Usage
from routersvc.engine.ports import AttemptCall
from routersvc.providers.formats.openai_chat.vendors import DIALECTS
from routersvc.providers.formats.openai_chat.wire import openai_chat
from routersvc.providers.wire_format import ResponseHead

if TYPE_CHECKING:
    from tests.unit.providers.conftest import MakeCall

JsonObject = dict[str, Any]
READ = '{"q": 1}'
PNG = "data:image/png;base64,iVBORw0KGgo="


def read(call: AttemptCall, *chunks: JsonObject, dialect: str = "generic") -> Answer:
    """Return the answer in the chunks of a stream, or in one body."""
    content_type = "text/event-stream" if call.streaming else "application/json"
    head = ResponseHead(status=200, headers={"content-type": content_type}, received_at=0.0)
    body = (
        "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
        if call.streaming
        else json.dumps(chunks[0])
    )
    decoder = openai_chat(DIALECTS[dialect]).decoder(call, head)
    events: list[AnswerEvent] = [*decoder.feed(body.encode()), *decoder.end()]
    return collect(events)


def chunk(delta: JsonObject, finish: str | None = None, **more: object) -> JsonObject:
    """Return one chunk of a stream."""
    return {"id": "r", "choices": [{"delta": delta, "finish_reason": finish, **more}]}


def message(content: JsonObject, finish: str | None = "stop") -> JsonObject:
    """Return a complete body."""
    return {"id": "r", "choices": [{"message": content, "finish_reason": finish}]}


def function(name: str, arguments: str = READ, **more: object) -> JsonObject:
    """Return a call of a function, or a piece of one."""
    return {**more, "function": {"name": name, "arguments": arguments}}


def calls_in(answer: Answer) -> list[tuple[str, str, str]]:
    """Return the tool calls of an answer."""
    return [
        (part.call_id, part.name, part.arguments_json)
        for part in answer.parts
        if isinstance(part, ToolCall)
    ]


TWO = [("r-0", "f", READ), ("r-1", "g", READ)]


@pytest.mark.parametrize(
    "lists",
    [
        [[function("f"), function("g")]],
        [[function("f")], [function("g")]],
        [[function("f", index=0)], [function("g", index=0)]],
        [[function("f", index=0), function("g", index=0)]],
        [[function("f", "")], [{"function": {"arguments": READ}}], [function("g")]],
        [
            [function("f", '{"q"', index=0), function("g", '{"q"', index=1)],
            [function("f", ": 1}", index=0), function("g", ": 1}", index=1)],
        ],
    ],
    ids=["one chunk", "two chunks", "one number", "one number at once", "pieces", "names again"],
)
def test_calls_without_ids_stay_two(make_call: MakeCall, lists: Sequence[list[JsonObject]]) -> None:
    """The place of a call is its identity where the vendor gives it none."""
    chunks = [chunk({"tool_calls": calls}) for calls in lists]

    answer = read(make_call(streaming=True), *chunks, chunk({}, "tool_calls"))

    assert [call[1] for call in calls_in(answer)] == ["f", "g"]


def test_whole_and_streamed_calls_get_the_same_ids(make_call: MakeCall) -> None:
    """A hedge may answer in the other way."""
    calls = [function("f"), function("g", id=None)]

    whole = read(make_call(), message({"tool_calls": calls}, "tool_calls"))
    streamed = read(
        make_call(streaming=True), chunk({"tool_calls": calls}), chunk({}, "tool_calls")
    )

    assert calls_in(whole) == calls_in(streamed) == TWO


@pytest.mark.parametrize("told", ["x", 0, None, ""])
def test_calls_with_one_id_stay_two(make_call: MakeCall, told: object) -> None:
    """Every entry of a complete message is a call."""
    calls = [function("f", id=told), function("f", id=told)]

    answer = read(make_call(), message({"tool_calls": calls}, "tool_calls"))

    assert len({call[0] for call in calls_in(answer)}) == 2


def test_repeated_name_and_id_begin_no_other_call(make_call: MakeCall) -> None:
    """Some vendors repeat both with every piece, and at the end."""
    pieces = [function("f", piece, id="a", index=0) for piece in ('{"q"', ": 1}", "")]

    answer = read(
        make_call(streaming=True),
        *(chunk({"tool_calls": [piece]}) for piece in pieces),
        chunk({}, "tool_calls"),
    )

    assert calls_in(answer) == [("a", "f", READ)]


@pytest.mark.parametrize("streaming", [False, True])
def test_text_of_a_custom_tool_is_its_input(make_call: MakeCall, *, streaming: bool) -> None:
    """The contract has objects for arguments."""
    first = {"id": "c", "index": 0, "type": "custom", "custom": {"name": "x", "input": 'say "'}}
    second = {"index": 0, "custom": {"input": 'hi"\n'}}
    whole = {**first, "custom": {"name": "x", "input": 'say "hi"\n'}}
    chunks = (
        [chunk({"tool_calls": [first]}), chunk({"tool_calls": [second]}), chunk({}, "tool_calls")]
        if streaming
        else [message({"tool_calls": [whole]}, "tool_calls")]
    )

    ((call_id, name, arguments),) = calls_in(read(make_call(streaming=streaming), *chunks))

    assert (call_id, name) == ("c", "x")
    assert json.loads(arguments) == {"input": 'say "hi"\n'}


def test_two_pictures_stay_two(make_call: MakeCall) -> None:
    """One by value, one by its address, which is passed on."""
    images = [{"image_url": {"url": url}} for url in (PNG, PNG, "https://a.example/b.webp")]

    answer = read(make_call(), message({"content": "", "images": images}))

    pictures = [part for part in answer.parts if isinstance(part, ImagePart)]
    assert [(one.media_type, len(one.data or b""), one.url) for one in pictures] == [
        ("image/png", 8, None),
        ("image/png", 8, None),
        ("image/webp", 0, "https://a.example/b.webp"),
    ]


def test_usage_in_the_last_choice_is_read(make_call: MakeCall) -> None:
    """Moonshot writes it there in streams."""
    usage = {"prompt_tokens": 1336, "completion_tokens": 40, "cached_tokens": 1280}

    answer = read(
        make_call(streaming=True), chunk({"content": "hi"}), chunk({}, "stop", usage=usage)
    )

    assert answer.usage == Usage(input_tokens=1336, output_tokens=40, cached_input_tokens=1280)


@pytest.mark.parametrize("word", [None, "", "tool_use", "TOOL_CALLS", "stop"])
def test_answer_with_calls_ends_for_its_calls(make_call: MakeCall, word: str | None) -> None:
    """Snowflake leaves the reason empty, gateways pass those of other vendors on."""
    body = message({"tool_calls": [function("f", id="a")]}, word)

    assert read(make_call(), body, dialect="snowflake").finish.reason is FinishReason.TOOL_CALLS


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("sensitive", FinishReason.CONTENT_FILTER),
        ("SAFETY", FinishReason.CONTENT_FILTER),
        ("guardrail_intervened", FinishReason.CONTENT_FILTER),
        ("model_context_window_exceeded", FinishReason.LENGTH),
        ("MAX_TOKENS", FinishReason.LENGTH),
        ("eos_token", FinishReason.STOP),
    ],
)
def test_words_of_other_vendors_are_known(
    make_call: MakeCall, word: str, reason: FinishReason
) -> None:
    """An answer that was cut must not look complete."""
    assert read(make_call(), message({"content": "half"}, word)).finish.reason is reason


@pytest.mark.parametrize("size", [1, 3, 100])
def test_json_behind_thoughts_is_the_answer(make_call: MakeCall, size: int) -> None:
    """Perplexity documents it; the marks come torn."""
    text = '<think>hm</think>\n```json\n{"a": 1}\n```'
    pieces = [text[place : place + size] for place in range(0, len(text), size)]

    answer = read(
        make_call(streaming=True, response_format=JsonObjectFormat()),
        *(chunk({"content": piece}) for piece in pieces),
        chunk({}, "stop"),
    )

    assert answer.parts == (ThoughtPart(text="hm"), TextPart(text='{"a": 1}'))
