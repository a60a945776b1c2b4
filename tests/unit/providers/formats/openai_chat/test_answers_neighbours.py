"""Shapes beside the documented ones that compatible servers send."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.providers.conftest import MakeCall
from tests.unit.providers.formats.claude_bodies import head

from routersvc.app.wire_formats import adapter
from routersvc.domain.conversation.assembly import Answer, collect
from routersvc.domain.conversation.parts import (
    ImagePart,
    Part,
    TextPart,
    ThoughtPart,
    ToolCall,
)
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError

HI = TextPart(text="Hi")
HM = ThoughtPart(text="hm")
CALL = ToolCall(call_id="c", name="f", arguments_json='{"q":1}')
FUNCTION = {"name": "f", "arguments": '{"q":1}'}


def answer_of(make_call: MakeCall, body: bytes, *, streaming: bool) -> Answer:
    """Return the answer that a generic server's bytes are."""
    kind = "text/event-stream" if streaming else "application/json"
    decoder = adapter("openai_chat", "generic").decoder(make_call(streaming=streaming), head(kind))
    events = decoder.feed(body)
    return collect(
        events if decoder.failure is None and _is_whole(events) else events + decoder.end()
    )


def _is_whole(events: list[Any]) -> bool:
    return bool(events) and type(events[-1]).__name__ == "Finished"


def whole(message: dict[str, Any], reason: object = "stop") -> bytes:
    """Return a complete body."""
    return json.dumps({"choices": [{"message": message, "finish_reason": reason}]}).encode()


def stream(*deltas: dict[str, Any], end: str = "data: [DONE]\n\n") -> bytes:
    """Return a stream of deltas, the finish reason and the terminator."""
    chunks: list[dict[str, Any]] = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    return ("".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + end).encode()


def piece(call_id: str = "", name: str = "", arguments: str = "", **more: object) -> dict[str, Any]:
    """Return a delta with a piece of a tool call."""
    function = {"name": name, "arguments": arguments} if name else {"arguments": arguments}
    return {"tool_calls": [{**({"id": call_id} if call_id else {}), "function": function, **more}]}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"content": ["Hi"]}, (HI,)),
        ({"content": {"type": "text", "text": "Hi"}}, (HI,)),
        ({"content": [{"type": "output_text", "text": "Hi"}]}, (HI,)),
        (
            {"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Hi"}]},
            (HM, HI),
        ),
        (
            {"content": [{"type": "reasoning", "text": "hm"}, {"type": "text", "text": "Hi"}]},
            (HM, HI),
        ),
        ({"content": "Hi", "reasoning": {"content": "hm"}}, (HM, HI)),
        ({"content": "Hi", "reasoning_content": [{"type": "text", "text": "hm"}]}, (HM, HI)),
        ({"content": "Hi", "reasoning": {"effort": 7}}, (HI,)),
        ({"content": "Hi", "reasoning_details": "x"}, (HI,)),
        (
            {
                "content": "Hi",
                "reasoning_details": [None, {"type": "reasoning.text", "text": "hm"}],
            },
            (HM, HI),
        ),
        ({"content": None, "tool_calls": {"id": "c", "function": FUNCTION}}, (CALL,)),
        ({"content": None, "tool_calls": [{"id": "c", **FUNCTION}]}, (CALL,)),
        (
            {"images": ["data:image/png;base64,aGk="]},
            (ImagePart(data=b"hi", media_type="image/png"),),
        ),
        ({"images": [{"b64_json": "aGk="}]}, (ImagePart(data=b"hi", media_type="image/png"),)),
        (
            {"images": [{"image_url": "https://a/b.png"}]},
            (ImagePart(url="https://a/b.png", media_type="image/png"),),
        ),
    ],
)
def test_odd_messages_are_read(
    make_call: MakeCall, message: dict[str, Any], expected: tuple[Part, ...]
) -> None:
    """Parts in place of texts, one in place of a list, fields without their wrapper."""
    assert answer_of(make_call, whole(message), streaming=False).parts == expected


@pytest.mark.parametrize("is_stream", [False, True])
def test_call_in_the_old_field_is_a_call(make_call: MakeCall, *, is_stream: bool) -> None:
    """`function_call` was there before `tool_calls`; it has no id."""
    body = (
        stream({"function_call": {"name": "f"}}, {"function_call": {"arguments": '{"q":1}'}})
        if is_stream
        else whole({"content": None, "function_call": FUNCTION}, "function_call")
    )

    (call,) = answer_of(make_call, body, streaming=is_stream).parts

    assert isinstance(call, ToolCall)
    assert (call.name, call.arguments_json) == ("f", '{"q":1}')
    assert call.call_id


def test_empty_old_field_is_no_call(make_call: MakeCall) -> None:
    """Snowflake fills every field of a message."""
    message = {"content": "Hi", "function_call": {"name": "", "arguments": ""}, "tool_calls": None}

    assert answer_of(make_call, whole(message), streaming=False).parts == (HI,)


@pytest.mark.parametrize(
    "pieces",
    [
        (piece("a", "f", '{"q":'), piece("b", "g", "{"), piece("a", "", "1}"), piece("b", "", "}")),
        (
            piece("a", "f", index="0"),
            piece("b", "g", index="1"),
            piece("", "", '{"q":1}', index="0"),
            piece("", "", "{}", index="1"),
        ),
    ],
)
def test_interleaved_calls_are_told_apart(
    make_call: MakeCall, pieces: tuple[dict[str, Any], ...]
) -> None:
    """By their ids where there is no index, and by an index that is text."""
    parts = answer_of(make_call, stream(*pieces), streaming=True).parts

    assert [(part.name, part.arguments_json) for part in parts if isinstance(part, ToolCall)] == [
        ("f", '{"q":1}'),
        ("g", "{}"),
    ]


@pytest.mark.parametrize("end", ["data:  [DONE] \n\n", 'data: "[DONE]"\n\n', ""])
def test_terminator_may_be_indented_quoted_or_absent(make_call: MakeCall, end: str) -> None:
    """The finish reason has come."""
    body = stream({"content": "Hi"}, end=end)

    assert answer_of(make_call, body, streaming=True).parts == (HI,)


def test_whole_message_in_a_stream_is_read(make_call: MakeCall) -> None:
    """Where no delta says anything."""
    body = b"data: " + whole({"content": "Hi"}) + b"\n\ndata: [DONE]\n\n"

    assert answer_of(make_call, body, streaming=True).parts == (HI,)


def test_body_that_is_announced_as_a_stream_is_read(make_call: MakeCall) -> None:
    """The first byte tells."""
    assert answer_of(make_call, whole({"content": "Hi"}), streaming=True).parts == (HI,)


@pytest.mark.parametrize("begun", [b"", b'data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n'])
def test_error_beside_the_events_is_told_by_its_code(make_call: MakeCall, begun: bytes) -> None:
    """A gateway writes its own JSON into the stream of another server."""
    error = b'{"error":{"code":"rate_limit_exceeded","message":"no"}}\n'

    with pytest.raises(AttemptFailedError) as caught:
        answer_of(make_call, begun + error, streaming=True)

    assert caught.value.failure.failure_class is FailureClass.RATE_LIMITED
