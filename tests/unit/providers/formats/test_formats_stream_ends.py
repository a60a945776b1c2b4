"""When a stream without its terminator is a complete answer, in formats but chat completions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.providers.formats.claude_frames import EVENT_STREAM, event_frame

from routersvc.app.wire_formats import adapter
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.usage import UsageCounted
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.providers.wire_format import AnswerDecoder, ResponseHead

if TYPE_CHECKING:
    from tests.unit.providers.conftest import MakeCall

JsonObject = dict[str, Any]


def sse(*payloads: JsonObject) -> bytes:
    """Return a stream of these payloads."""
    return "".join(f"data: {json.dumps(payload)}\n\n" for payload in payloads).encode()


BEGIN: JsonObject = {"type": "message_start", "message": {"id": "r", "model": "m", "usage": {}}}
OPEN = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "Hi"}}
CLOSE = {"type": "content_block_stop", "index": 0}
STOP = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}
TEXT = event_frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hi"}})
MESSAGE_STOP = event_frame("messageStop", {"stopReason": "end_turn"})
TOOL = event_frame(
    "contentBlockStart",
    {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "1", "name": "a"}}},
)


def google(text: str, reason: str | None) -> JsonObject:
    """Return a chunk of Google's."""
    return {"candidates": [{"content": {"parts": [{"text": text}]}, "finishReason": reason}]}


def decoder_of(name: str, make_call: MakeCall) -> AnswerDecoder:
    """Return the decoder of a stream."""
    wire_format, dialect, content_type = {
        "anthropic": ("anthropic_messages", "anthropic", "text/event-stream"),
        "bedrock": ("bedrock_converse", "plain", EVENT_STREAM),
        "gemini": ("gemini", "gemini", "text/event-stream"),
        "ollama": ("ollama_chat", "plain", "application/x-ndjson"),
    }[name]
    head = ResponseHead(status=200, headers={"content-type": content_type}, received_at=0.0)
    return adapter(wire_format, dialect).decoder(make_call(streaming=True), head)


COMPLETE = [
    ("anthropic", sse(BEGIN, OPEN, CLOSE, STOP)),
    ("anthropic", sse(BEGIN, OPEN, CLOSE, STOP) + b'data: {"type": "message_stop"}'),
    ("bedrock", TEXT + MESSAGE_STOP),
    ("gemini", sse(google("H", None), google("i", "STOP"))),
]
CUT = [
    ("anthropic", sse(BEGIN, OPEN, CLOSE)),
    ("anthropic", sse(BEGIN, OPEN, STOP)),
    ("anthropic", sse(BEGIN, OPEN, CLOSE, STOP) + b'data: {"type": "err'),
    ("bedrock", TEXT),
    ("bedrock", TOOL + MESSAGE_STOP),
    ("gemini", sse(google("H", None), google("i", None))),
    ("gemini", sse(google("H", None), google("i", "STOP")) + b'data: {"err'),
]


@pytest.mark.parametrize(("name", "body"), COMPLETE)
def test_finish_reason_and_the_end_of_the_body_complete_an_answer(
    make_call: MakeCall, name: str, body: bytes
) -> None:
    """A gateway may drop what follows."""
    decoder = decoder_of(name, make_call)

    decoder.feed(body)
    may_end = decoder.may_end
    events = decoder.end()

    assert may_end
    assert isinstance(events[-1], Finished)
    assert events[-1].reason is FinishReason.STOP


@pytest.mark.parametrize(("name", "body"), CUT)
def test_end_before_the_finish_reason_or_within_an_event_is_a_cut(
    make_call: MakeCall, name: str, body: bytes
) -> None:
    """Half of an answer is none."""
    decoder = decoder_of(name, make_call)

    decoder.feed(body)

    assert not decoder.may_end
    with pytest.raises(AttemptFailedError) as failed:
        decoder.end()
    assert failed.value.failure.failure_class is FailureClass.TRUNCATED


def test_finish_reason_in_every_chunk_starts_no_grace(make_call: MakeCall) -> None:
    """Some of Google's models send it so; the end of the body decides."""
    decoder = decoder_of("gemini", make_call)

    decoder.feed(sse(google("H", "STOP")))

    assert not decoder.may_end
    assert isinstance(decoder.end()[-1], Finished)


def test_answer_that_goes_on_elsewhere_is_a_cut(make_call: MakeCall) -> None:
    """Google says so with its finish reason."""
    decoder = decoder_of("gemini", make_call)
    decoder.feed(sse(google("Half", "CONTINUATION")))

    with pytest.raises(AttemptFailedError) as failed:
        decoder.end()

    assert failed.value.failure.failure_class is FailureClass.TRUNCATED


def test_last_line_of_ollama_may_lack_its_end(make_call: MakeCall) -> None:
    """It is whole JSON all the same; a line before it is not the last one."""
    first = b'{"message": {"content": "Hi"}}\n'
    last = b'{"done": true, "done_reason": "stop", "eval_count": 3}'
    decoder = decoder_of("ollama", make_call)
    decoder.feed(first + last)

    events = decoder.end()

    assert [type(event) for event in events] == [UsageCounted, Finished]
    for rest in (last[:-1], first.strip(), b""):
        torn = decoder_of("ollama", make_call)
        torn.feed(first + rest)
        with pytest.raises(AttemptFailedError):
            torn.end()
