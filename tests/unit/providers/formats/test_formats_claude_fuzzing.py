"""Arbitrary bytes cause no crash, no hang and no unbounded memory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.providers.conftest import make_call_
from tests.unit.providers.formats.claude_bodies import CONVERSE, MESSAGES, head, sse
from tests.unit.providers.formats.claude_frames import EVENT_STREAM, event_frame, frame

from routersvc.domain.conversation.answers import AnswerEvent, Finished
from routersvc.domain.conversation.deltas import RefusalDelta, TextDelta, ToolCallDelta
from routersvc.domain.conversation.usage import UsageCounted
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.providers.formats.bedrock_converse.frames import FrameSplitter
from routersvc.providers.wire_format import WireFormat

if TYPE_CHECKING:
    pass

JsonObject = dict[str, Any]


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
