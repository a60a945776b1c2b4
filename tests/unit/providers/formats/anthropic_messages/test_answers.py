"""What no recording shows of Anthropic's Messages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.providers.conftest import make_call_
from tests.unit.providers.formats.claude_bodies import (
    CONVERSE,
    MESSAGES,
    START,
    STOP,
    TEXT,
    block,
    converse,
    ended,
    failure_class,
    head,
    message,
    read,
    sse,
)

from routersvc.domain.conversation.answers import Finished, Started
from routersvc.domain.conversation.assembly import collect
from routersvc.domain.conversation.deltas import (
    HostedDelta,
    RefusalDelta,
    TextDelta,
    ThoughtDelta,
    ToolCallDelta,
)
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.hosted_activities import HostedActivity
from routersvc.domain.conversation.parts import HostedPart, ThoughtPart, ToolCall
from routersvc.domain.conversation.reasoning import Reasoning, ReasoningVisibility
from routersvc.domain.conversation.response_formats import JsonSchemaFormat
from routersvc.domain.conversation.usage import Usage, UsageCounted
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.providers.wire_format import WireFormat

if TYPE_CHECKING:
    from tests.unit.providers.conftest import MakeCall

JsonObject = dict[str, Any]


def test_every_kind_of_block_is_read() -> None:
    """What only the vendor understands is kept for the way back, whole."""
    server: JsonObject = {
        "type": "server_tool_use",
        "id": "s",
        "name": "web_search",
        "input": {"query": "a"},
    }
    strange = {"type": "hologram", "data": [1]}
    caller = {"type": "code_execution_20250825", "tool_id": "t"}
    events = read(
        MESSAGES,
        "application/json",
        message(
            {"type": "thinking", "thinking": "hm", "signature": "sig"},
            {"type": "redacted_thinking", "data": "EroH"},
            server,
            strange,
            {**TEXT, "citations": [{"type": "char_location"}]},
            {"type": "tool_use", "id": "1", "name": "f", "input": {}, "caller": {"type": "direct"}},
            {"type": "tool_use", "id": "2", "name": "g", "input": {"a": 1}, "caller": caller},
            reason="tool_use",
        ),
    )

    assert events == [
        Started(model_version="claude", response_id="msg_1"),
        ThoughtDelta(text="hm"),
        ThoughtDelta(signature=b"sig"),
        ThoughtDelta(encrypted=b"EroH"),
        HostedDelta(
            activity=HostedActivity(
                tool="web_search",
                activity_id="s",
                input_json='{"query":"a"}',
                queries=("a",),
                proof=json.dumps(server, separators=(",", ":")).encode(),
            )
        ),
        ThoughtDelta(encrypted=b'{"type":"hologram","data":[1]}'),
        TextDelta(text="Hi"),
        ToolCallDelta(index=0, call_id="1", name="f"),
        ToolCallDelta(index=0, arguments_json="{}"),
        ToolCallDelta(
            index=1,
            call_id="2",
            name="g",
            signature=json.dumps(caller, separators=(",", ":")).encode(),
        ),
        ToolCallDelta(index=1, arguments_json='{"a":1}'),
        UsageCounted(
            usage=Usage(
                input_tokens=15,
                output_tokens=11,
                cached_input_tokens=5,
                cache_write_tokens=7,
                reasoning_tokens=2,
            )
        ),
        Finished(reason=FinishReason.TOOL_CALLS, model_version="claude", response_id="msg_1"),
    ]


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("end_turn", FinishReason.STOP),
        ("stop_sequence", FinishReason.STOP),
        ("max_tokens", FinishReason.LENGTH),
        ("model_context_window_exceeded", FinishReason.LENGTH),
        ("refusal", FinishReason.REFUSAL),
        ("pause_turn", FinishReason.OTHER),
        ("something_new", FinishReason.OTHER),
    ],
)
def test_ends_are_told_apart(word: str, reason: FinishReason) -> None:
    """A word that is new must not fail an answer."""
    events = read(MESSAGES, "application/json", message(TEXT, reason=word, stop_sequence="END"))

    finished = events[-1]
    assert isinstance(finished, Finished)
    assert (finished.reason, finished.stop_sequence) == (reason, "END")


def test_explanation_of_a_refusal_is_passed_on() -> None:
    """The text is meant for the caller."""
    details = {"type": "refusal", "category": "cyber", "explanation": "Not that."}

    events = read(
        MESSAGES, "text/event-stream", sse(START, ended("refusal", stop_details=details), STOP)
    )

    assert [event for event in events if isinstance(event, RefusalDelta)] == [
        RefusalDelta(text="Not that.")
    ]


def test_stream_of_blocks_is_put_together() -> None:
    """Arguments in pieces, arguments that are empty, the vendor's own tools, thoughts, text."""
    server: JsonObject = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    result: JsonObject = {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}
    events = read(
        MESSAGES,
        "text/event-stream",
        sse(
            START,
            {"type": "ping"},
            *block(
                0,
                {"type": "thinking", "thinking": "", "signature": ""},
                {"kind": "thinking_delta", "thinking": "hm"},
                {"kind": "signature_delta", "signature": "sig"},
            ),
            *block(1, server, {"kind": "input_json_delta", "partial_json": '{"q":"a"}'}),
            *block(2, result),
            *block(
                3,
                {"type": "text", "text": ""},
                {"kind": "text_delta", "text": "Hi"},
                {"kind": "citations_delta", "citation": {}},
                {"kind": "hologram_delta", "light": 1},
            ),
            *block(
                4,
                {"type": "tool_use", "id": "1", "name": "f", "input": {}},
                {"kind": "input_json_delta", "partial_json": ""},
                {"kind": "input_json_delta", "partial_json": '{"a"'},
                {"kind": "input_json_delta", "partial_json": ":1}"},
            ),
            *block(5, {"type": "tool_use", "id": "2", "name": "g", "input": {}}),
            {"type": "something_new"},
            ended("tool_use"),
            STOP,
        ),
    )

    answer = collect(events)
    assert [part for part in answer.parts if isinstance(part, ThoughtPart)] == [
        ThoughtPart(text="hm", signature=b"sig"),
    ]
    assert [part.activity.proof for part in answer.parts if isinstance(part, HostedPart)] == [
        b'{"type":"server_tool_use","id":"s","name":"web_search","input":{"q":"a"}}',
        b'{"type":"web_search_tool_result","tool_use_id":"s","content":[]}',
    ]
    assert [
        (part.call_id, part.arguments_json) for part in answer.parts if isinstance(part, ToolCall)
    ] == [("1", '{"a":1}'), ("2", "{}")]
    assert answer.usage == Usage(input_tokens=1, output_tokens=1)


def test_keep_alives_are_no_content() -> None:
    """An attempt must not commit on them."""
    decoder = MESSAGES.decoder(make_call_(streaming=True), head("text/event-stream"))

    assert decoder.feed(sse({"type": "ping"})) == []


@pytest.mark.parametrize("wire_format", [MESSAGES, CONVERSE])
def test_hidden_thoughts_are_left_out(wire_format: WireFormat) -> None:
    """As the caller asked; an answer of thoughts alone is still one."""
    body = message({"type": "thinking", "thinking": "hm", "signature": "sig"}, reason="pause_turn")
    if wire_format is CONVERSE:
        body = converse({"reasoningContent": {"reasoningText": {"text": "hm"}}}, reason="new")

    events = read(
        wire_format,
        "application/json",
        body,
        reasoning=Reasoning(visibility=ReasoningVisibility.HIDDEN),
    )

    assert not any(isinstance(event, ThoughtDelta) for event in events)


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (message(), FailureClass.BAD_ANSWER),
        (message(TEXT, reason=""), FailureClass.TRUNCATED),
        (b'{"type": "error", "error": {"type": "api_error"}}', FailureClass.SERVER_ERROR),
        (b"[]", FailureClass.SERVER_ERROR),
        (b"<html>", FailureClass.SERVER_ERROR),
        (message({"type": "text", "text": 5}), FailureClass.SERVER_ERROR),
    ],
)
def test_bodies_that_are_no_answers_fail(body: bytes, failure: FailureClass) -> None:
    """Each in its own way."""
    assert failure_class(MESSAGES, "application/json", body) is failure


def test_broken_arguments_are_a_bad_answer_unless_cut_off() -> None:
    """They cannot be parsed; after `LENGTH` they need not be."""
    call = block(
        0,
        {"type": "tool_use", "id": "1", "name": "f", "input": {}},
        {"kind": "input_json_delta", "partial_json": '{"a'},
    )

    whole = failure_class(MESSAGES, "text/event-stream", sse(START, *call, ended("tool_use"), STOP))
    cut = read(MESSAGES, "text/event-stream", sse(START, *call, ended("max_tokens"), STOP))

    assert whole is FailureClass.BAD_ANSWER
    assert isinstance(cut[-1], Finished)


@pytest.mark.parametrize("wire_format", [MESSAGES, CONVERSE])
def test_text_that_was_to_be_json_is_checked(wire_format: WireFormat) -> None:
    """A promise that the vendor's schema mode makes."""
    body = message(TEXT) if wire_format is MESSAGES else converse({"text": "Hi"})

    found = failure_class(
        wire_format,
        "application/json",
        body,
        response_format=JsonSchemaFormat(name="n", json_schema="{}"),
    )

    assert found is FailureClass.BAD_ANSWER


@pytest.mark.parametrize("wire_format", [MESSAGES, CONVERSE])
def test_web_page_is_no_answer(wire_format: WireFormat) -> None:
    """Proxies answer in the vendor's place."""
    assert failure_class(wire_format, "text/html", b"<html>") is FailureClass.SERVER_ERROR


def test_error_in_a_stream_keeps_what_came_before(make_call: MakeCall) -> None:
    """The caller has seen it already."""
    decoder = MESSAGES.decoder(make_call(streaming=True), head("text/event-stream"))
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}

    events = decoder.feed(sse(START, *block(0, TEXT), error))

    assert TextDelta(text="Hi") in events
    assert decoder.failure is not None
    assert decoder.failure.failure_class is FailureClass.OVERLOADED
