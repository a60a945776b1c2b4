"""What no recording shows of the two formats, and what nobody should ever send."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.providers.claude_and_bedrock.conftest import EVENT_STREAM, event_frame, frame
from tests.unit.providers.conftest import make_call_

from routersvc.domain.answers import (
    AnswerEvent,
    Finished,
    FinishReason,
    MediaDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ThoughtDelta,
    ToolCallDelta,
    Usage,
    UsageCounted,
)
from routersvc.domain.collecting import collect
from routersvc.domain.failures import AttemptFailedError, FailureClass
from routersvc.domain.prompts import (
    JsonSchemaFormat,
    Modality,
    Reasoning,
    ReasoningVisibility,
    Thought,
)
from routersvc.providers.anthropic_messages.dialects import DIALECTS
from routersvc.providers.anthropic_messages.wire import AnthropicMessages
from routersvc.providers.bedrock_converse.frames import FrameSplitter
from routersvc.providers.bedrock_converse.wire import BedrockConverse
from routersvc.providers.wire_format import ResponseHead, WireFormat

if TYPE_CHECKING:
    from tests.unit.providers.conftest import MakeCall

JsonObject = dict[str, Any]
MESSAGES = AnthropicMessages(DIALECTS["anthropic"])
CONVERSE = BedrockConverse()


def head(content_type: str, **headers: str) -> ResponseHead:
    """Return what precedes a body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ResponseHead(
        status=200, headers={"content-type": content_type, **named}, received_at=1_790_000_000.0
    )


def sse(*events: JsonObject) -> bytes:
    """Return the bytes of a stream of events."""
    return "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events).encode()


def read(
    wire_format: WireFormat,
    content_type: str,
    body: bytes,
    **prompt: Any,  # noqa: ANN401 - the fields of a prompt
) -> list[AnswerEvent]:
    """Return the events of a body."""
    call = make_call_(streaming="json" not in content_type, **prompt)
    decoder = wire_format.decoder(call, head(content_type))
    return decoder.feed(body) + decoder.end()


def failure_class(
    wire_format: WireFormat,
    content_type: str,
    body: bytes,
    **prompt: Any,  # noqa: ANN401 - the fields of a prompt
) -> FailureClass:
    """Return how a body fails."""
    with pytest.raises(AttemptFailedError) as failed:
        read(wire_format, content_type, body, **prompt)
    return failed.value.failure.failure_class


def message(*content: JsonObject, reason: str = "end_turn", **more: object) -> bytes:
    """Return a complete Messages body."""
    body = {
        "type": "message",
        "id": "msg_1",
        "model": "claude",
        "content": list(content),
        "stop_reason": reason,
        "usage": {
            "input_tokens": 3,
            "cache_read_input_tokens": 5,
            "cache_creation_input_tokens": 7,
            "output_tokens": 11,
            "output_tokens_details": {"thinking_tokens": 2},
        },
        **more,
    }
    return json.dumps(body).encode()


TEXT = {"type": "text", "text": "Hi"}
START = {
    "type": "message_start",
    "message": {"id": "m", "model": "c", "usage": {"input_tokens": 1}},
}
STOP = {"type": "message_stop"}


def ended(reason: str, **more: object) -> JsonObject:
    """Return the event that says why an answer ends."""
    return {
        "type": "message_delta",
        "delta": {"stop_reason": reason, **more},
        "usage": {"output_tokens": 1},
    }


def block(index: int, start: JsonObject, *deltas: JsonObject) -> list[JsonObject]:
    """Return the events of a block."""
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *(
            {"type": "content_block_delta", "index": index, "delta": {"type": kind, **delta}}
            for delta in deltas
            for kind in [delta.pop("kind")]
        ),
        {"type": "content_block_stop", "index": index},
    ]


# ---- Messages -------------------------------------------------------------------


def test_every_kind_of_block_is_read() -> None:
    """What only the vendor understands is kept for the way back, whole."""
    server = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"q": "a"}}
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
        ThoughtDelta(encrypted=json.dumps(server, separators=(",", ":")).encode()),
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
    """It is meant for whoever asked."""
    details = {"type": "refusal", "category": "cyber", "explanation": "Not that."}

    events = read(
        MESSAGES, "text/event-stream", sse(START, ended("refusal", stop_details=details), STOP)
    )

    assert [event for event in events if isinstance(event, RefusalDelta)] == [
        RefusalDelta(text="Not that.")
    ]


def test_stream_of_blocks_is_put_together() -> None:
    """Arguments in pieces, arguments that are empty, the vendor's own tools, thoughts, text."""
    server = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    result = {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}
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
    assert [part for part in answer.parts if isinstance(part, Thought)] == [
        Thought(text="hm", signature=b"sig"),
        Thought(
            encrypted=b'{"type":"server_tool_use","id":"s","name":"web_search","input":{"q":"a"}}'
        ),
        Thought(encrypted=b'{"type":"web_search_tool_result","tool_use_id":"s","content":[]}'),
    ]
    assert [
        (part.call_id, part.arguments_json) for part in answer.parts if hasattr(part, "call_id")
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
        (message(TEXT, usage={"input_tokens": -1}), FailureClass.SERVER_ERROR),
    ],
)
def test_bodies_that_are_no_answers_fail(body: bytes, failure: FailureClass) -> None:
    """Each in its own way."""
    assert failure_class(MESSAGES, "application/json", body) is failure


def test_broken_arguments_are_a_bad_answer_unless_cut_off() -> None:
    """Nobody could parse them; where the answer's length ended, nobody expects it."""
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


# ---- Converse -------------------------------------------------------------------


def converse(*content: JsonObject, reason: str = "end_turn", **more: object) -> bytes:
    """Return a complete Converse body."""
    body = {
        "output": {"message": {"role": "assistant", "content": list(content)}},
        "stopReason": reason,
        "usage": {"inputTokens": 3, "outputTokens": 11, "totalTokens": 14},
        **more,
    }
    return json.dumps(body).encode()


def test_every_kind_of_converse_block_is_read() -> None:
    """What only the vendor understands is kept for the way back, whole."""
    server = {
        "toolUse": {"toolUseId": "s", "name": "grounding", "input": {}, "type": "server_tool_use"}
    }
    events = read(
        CONVERSE,
        "application/json",
        converse(
            {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "sig"}}},
            {"reasoningContent": {"redactedContent": base64.b64encode(b"\x00\x01").decode()}},
            server,
            {"citationsContent": {"content": [{"text": "Hi"}], "citations": []}},
            {"image": {"format": "png", "source": {"bytes": base64.b64encode(b"png").decode()}}},
            {"toolUse": {"toolUseId": "1", "name": "f", "input": {"a": 1}}},
            usage={
                "inputTokens": 3,
                "outputTokens": 11,
                "totalTokens": 26,
                "cacheReadInputTokens": 5,
                "cacheWriteInputTokens": 7,
            },
        ),
    )

    assert events == [
        Started(),
        ThoughtDelta(text="hm"),
        ThoughtDelta(signature=b"sig"),
        ThoughtDelta(encrypted=b"\x00\x01"),
        ThoughtDelta(encrypted=json.dumps(server, separators=(",", ":")).encode()),
        TextDelta(text="Hi"),
        MediaDelta(modality=Modality.IMAGE, media_type="image/png", data=b"png"),
        ToolCallDelta(index=0, call_id="1", name="f"),
        ToolCallDelta(index=0, arguments_json='{"a":1}'),
        UsageCounted(
            usage=Usage(
                input_tokens=15, output_tokens=11, cached_input_tokens=5, cache_write_tokens=7
            )
        ),
        Finished(reason=FinishReason.TOOL_CALLS),
    ]


def test_cached_tokens_are_counted_once() -> None:
    """Where the vendor's sum says that they are among the input, they are not added again."""
    usage = {"inputTokens": 9, "outputTokens": 1, "totalTokens": 10, "cacheReadInputTokens": 5}

    answer = collect(read(CONVERSE, "application/json", converse({"text": "Hi"}, usage=usage)))

    assert answer.usage == Usage(input_tokens=9, output_tokens=1, cached_input_tokens=5)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("end_turn", FinishReason.STOP),
        ("stop_sequence", FinishReason.STOP),
        ("max_tokens", FinishReason.LENGTH),
        ("model_context_window_exceeded", FinishReason.LENGTH),
        ("guardrail_intervened", FinishReason.CONTENT_FILTER),
        ("content_filtered", FinishReason.CONTENT_FILTER),
        ("something_new", FinishReason.OTHER),
    ],
)
def test_converse_ends_are_told_apart(word: str, reason: FinishReason) -> None:
    """A word that is new must not fail an answer."""
    finished = read(CONVERSE, "application/json", converse({"text": "Hi"}, reason=word))[-1]

    assert isinstance(finished, Finished)
    assert finished.reason is reason


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (converse(reason="malformed_tool_use"), FailureClass.BAD_ANSWER),
        (converse(reason="malformed_model_output"), FailureClass.BAD_ANSWER),
        (converse(reason="content_filtered"), FailureClass.CONTENT_FILTERED),
        (converse(), FailureClass.BAD_ANSWER),
        (b'{"message": "?"}', FailureClass.SERVER_ERROR),
        (converse({"text": 5}), FailureClass.SERVER_ERROR),
        (
            converse({"reasoningContent": {"redactedContent": "no base64"}}),
            FailureClass.SERVER_ERROR,
        ),
    ],
)
def test_converse_bodies_that_are_no_answers_fail(body: bytes, failure: FailureClass) -> None:
    """Each in its own way."""
    assert failure_class(CONVERSE, "application/json", body) is failure


def test_converse_stream_is_put_together() -> None:
    """Tools of the vendor's, pictures and calls announce their blocks, text and thoughts do not."""
    server = {"toolUseId": "s", "name": "code", "type": "server_tool_use"}
    body = b"".join(
        event_frame(name, payload)
        for name, payload in [
            ("messageStart", {"role": "assistant"}),
            delta(0, {"reasoningContent": {"text": "hm"}}),
            delta(0, {"reasoningContent": {"signature": "sig"}}),
            ("contentBlockStop", {"contentBlockIndex": 0}),
            ("contentBlockStart", {"contentBlockIndex": 1, "start": {"toolUse": server}}),
            delta(1, {"toolUse": {"input": '{"x":1}'}}),
            ("contentBlockStop", {"contentBlockIndex": 1}),
            (
                "contentBlockStart",
                {"contentBlockIndex": 2, "start": {"toolResult": {"toolUseId": "s"}}},
            ),
            delta(2, {"toolResult": [{"text": "2"}]}),
            ("contentBlockStop", {"contentBlockIndex": 2}),
            ("contentBlockStart", {"contentBlockIndex": 3, "start": {"image": {"format": "png"}}}),
            delta(3, {"image": {"source": {"bytes": "cG5n"}}}),
            ("contentBlockStop", {"contentBlockIndex": 3}),
            delta(4, {"text": "Hi"}),
            delta(4, {"citation": {"title": "t"}}),
            ("contentBlockStop", {"contentBlockIndex": 4}),
            (
                "contentBlockStart",
                {"contentBlockIndex": 5, "start": {"toolUse": {"toolUseId": "1", "name": "f"}}},
            ),
            ("somethingNew", {}),
            ("messageStop", {"stopReason": "tool_use"}),
            ("metadata", {"usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}}),
        ]
    )

    events = read(CONVERSE, EVENT_STREAM, body)

    assert events == [
        Started(),
        ThoughtDelta(text="hm"),
        ThoughtDelta(signature=b"sig"),
        ThoughtDelta(
            encrypted=b'{"toolUse":{"toolUseId":"s","name":"code","type":"server_tool_use",'
            b'"input":{"x":1}}}'
        ),
        ThoughtDelta(encrypted=b'{"toolResult":{"toolUseId":"s","content":[{"text":"2"}]}}'),
        MediaDelta(modality=Modality.IMAGE, media_type="image/png", data=b"png"),
        TextDelta(text="Hi"),
        ToolCallDelta(index=0, call_id="1", name="f"),
        UsageCounted(usage=Usage(input_tokens=1, output_tokens=2)),
        ToolCallDelta(index=0, arguments_json="{}"),
        Finished(reason=FinishReason.TOOL_CALLS),
    ]


def delta(index: int, content: JsonObject) -> tuple[str, JsonObject]:
    """Return a piece of a block."""
    return "contentBlockDelta", {"contentBlockIndex": index, "delta": content}


def test_request_id_identifies_a_converse_answer() -> None:
    """The vendor's support asks for it."""
    decoder = CONVERSE.decoder(make_call_(), head("application/json", x_amzn_requestid="r-1"))
    decoder.feed(converse({"text": "Hi"}))

    assert decoder.end()[0] == Started(response_id="r-1")


@pytest.mark.parametrize(
    ("kind", "name_header", "name", "failure"),
    [
        ("exception", ":exception-type", "throttlingException", FailureClass.RATE_LIMITED),
        ("exception", ":exception-type", "serviceUnavailableException", FailureClass.OVERLOADED),
        ("exception", ":exception-type", "internalServerException", FailureClass.SERVER_ERROR),
        ("exception", ":exception-type", "modelStreamErrorException", FailureClass.SERVER_ERROR),
        ("exception", ":exception-type", "validationException", FailureClass.INVALID_REQUEST),
        ("error", ":error-code", "InternalFailure", FailureClass.SERVER_ERROR),
    ],
)
def test_exceptions_in_a_stream_are_told_apart(
    kind: str, name_header: str, name: str, failure: FailureClass
) -> None:
    """The status was 200 long ago."""
    body = event_frame("messageStart", {"role": "assistant"}) + frame(
        {name_header: name, ":message-type": kind}, b'{"message": "?"}'
    )

    assert failure_class(CONVERSE, EVENT_STREAM, body) is failure


@pytest.mark.parametrize("where", [3, 9, 20, -2])
def test_broken_message_is_noticed_and_ends_the_reading(where: int) -> None:
    """Its checksums say so; what came before it counts, what comes after it does not."""
    good = event_frame(*delta(0, {"text": "Hi"}))
    broken = bytearray(good)
    broken[where] ^= 0xFF
    decoder = CONVERSE.decoder(make_call_(streaming=True), head(EVENT_STREAM))

    events = decoder.feed(good + bytes(broken) + good * 3)

    assert events == [Started(), TextDelta(text="Hi")]
    with pytest.raises(AttemptFailedError):
        decoder.end()


def test_message_that_announces_too_much_is_refused_at_once() -> None:
    """Nobody waits for 4 GiB."""
    import struct  # noqa: PLC0415 - for this test alone
    import zlib  # noqa: PLC0415 - for this test alone

    prelude = struct.pack("!II", 0xFFFF_FFF0, 16)
    decoder = CONVERSE.decoder(make_call_(streaming=True), head(EVENT_STREAM))

    decoder.feed(prelude + struct.pack("!I", zlib.crc32(prelude)))

    assert decoder.failure is not None


# ---- what nobody should send ----------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
WORDS = st.sampled_from(
    [
        *("type", "index", "delta", "content_block", "message", "usage", "content", "text", "id"),
        *("thinking", "signature", "partial_json", "input", "name", "data", "stop_reason", "error"),
        *("contentBlockIndex", "start", "toolUse", "toolResult", "reasoningContent", "output"),
        *("image", "source", "bytes", "format", "stopReason", "redactedContent", "toolUseId"),
    ]
)
VALUES = st.sampled_from(
    [
        *("message_start", "content_block_start", "content_block_delta", "content_block_stop"),
        *("message_delta", "message_stop", "error", "ping", "text", "tool_use", "thinking"),
        *("text_delta", "input_json_delta", "signature_delta", "end_turn", "redacted_thinking"),
    ]
)
NEAR_JSON = st.recursive(
    JSON | VALUES | st.integers(min_value=0, max_value=2),
    lambda inner: st.dictionaries(WORDS, inner, max_size=5) | st.lists(inner, max_size=3),
    max_leaves=12,
)
EVENT_NAMES = st.sampled_from(
    [
        *("messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop"),
        *("messageStop", "metadata"),
    ]
)


def check(wire_format: WireFormat, content_type: str, pieces: list[bytes]) -> None:
    """Hold a decoder to its promises, whatever comes."""
    call = make_call_(streaming="json" not in content_type)
    decoder = wire_format.decoder(call, head(content_type))
    events: list[AnswerEvent] = []
    for piece in pieces:
        events += decoder.feed(piece)
    try:
        events += decoder.end()
    except AttemptFailedError:
        assert not any(isinstance(event, Finished) for event in events)
    else:
        assert isinstance(events[-1], Finished)
    for event in events:
        match event:
            case TextDelta() | RefusalDelta():
                assert isinstance(event.text, str)
            case ToolCallDelta():
                assert isinstance(event.call_id + event.name + event.arguments_json, str)
            case UsageCounted():
                assert event.usage.input_tokens >= 0
            case _:
                pass


@given(st.lists(st.binary(max_size=64), max_size=8), st.sampled_from([MESSAGES, CONVERSE]))
def test_any_bytes_are_survived(pieces: list[bytes], wire_format: WireFormat) -> None:
    """A decoder never raises while it is fed."""
    for content_type in ("text/event-stream", EVENT_STREAM, "application/json", ""):
        check(wire_format, content_type, pieces)


@given(st.lists(NEAR_JSON, max_size=8))
def test_any_events_are_survived(events: list[object]) -> None:
    """Right in form, wrong in shape."""
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events).encode()

    check(MESSAGES, "text/event-stream", [body])


@given(NEAR_JSON)
def test_any_body_is_survived(body: object) -> None:
    """Right in form, wrong in shape."""
    for wire_format in (MESSAGES, CONVERSE):
        check(wire_format, "application/json", [json.dumps(body).encode()])


@given(st.lists(st.tuples(EVENT_NAMES, NEAR_JSON), max_size=8))
def test_any_frames_are_survived(frames: list[tuple[str, Any]]) -> None:
    """With checksums that are right."""
    check(CONVERSE, EVENT_STREAM, [b"".join(event_frame(*one) for one in frames)])


@given(st.dictionaries(st.text(max_size=6), st.text(max_size=6), max_size=3), st.binary(max_size=9))
def test_any_headers_are_survived(headers: dict[str, str], payload: bytes) -> None:
    """A message without a kind is a broken one."""
    found = FrameSplitter().feed(frame(headers, payload) * 2)

    assert len(found) in {1, 2}


@pytest.mark.parametrize(
    ("wire_format", "content_type", "piece"),
    [
        (MESSAGES, "text/event-stream", b"data: " + b"x" * 100_000),
        (MESSAGES, "text/event-stream", sse({"type": "ping", "p": "x" * 60_000}) * 16),
        (CONVERSE, EVENT_STREAM, event_frame("somethingNew", {"p": "x" * 60_000}) * 16),
        (MESSAGES, "application/json", b" " * 1_000_000),
    ],
)
def test_answer_without_end_is_given_up(
    wire_format: WireFormat, content_type: str, piece: bytes
) -> None:
    """Neither memory nor time is the provider's to take."""
    streaming = "json" not in content_type
    decoder = wire_format.decoder(make_call_(streaming=streaming), head(content_type))

    fed = 0
    while decoder.failure is None:
        decoder.feed(piece)
        fed += len(piece)
        assert fed < 70_000_000

    assert decoder.failure.failure_class is FailureClass.SERVER_ERROR
