"""Shapes beside the documented ones, in the formats that vendors made for themselves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.providers.formats.claude_bodies import read

from routersvc.app.wire_formats import adapter
from routersvc.domain.conversation.assembly import collect
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.parts import HostedPart, TextPart, ThoughtPart, ToolCall

FORMATS = {
    "claude": adapter("anthropic_messages", "anthropic"),
    "responses": adapter("openai_responses", "generic"),
    "gemini": adapter("gemini", "gemini"),
    "cohere": adapter("cohere_chat", "plain"),
    "bedrock": adapter("bedrock_converse", "plain"),
}
TEXT = {"type": "text_delta", "text": "Hi"}
STOPPED = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}
STARTED = {"type": "message_start", "message": {"id": "m"}}
MESSAGE = {"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}


def claude(content: object, reason: str = "end_turn") -> dict[str, Any]:
    """Return a message of Anthropic's."""
    return {"type": "message", "content": content, "stop_reason": reason}


def responses(*items: object) -> dict[str, Any]:
    """Return a response of OpenAI's."""
    return {"id": "r", "status": "completed", "output": list(items)}


def gemini(*parts: dict[str, Any], finish: str = "finishReason", word: str = "STOP") -> Any:  # noqa: ANN401 - JSON
    """Return a response of Google's."""
    return {"candidates": [{"content": {"parts": list(parts)}, finish: word}]}


def cohere(message: dict[str, Any], reason: str = "COMPLETE") -> dict[str, Any]:
    """Return a response of Cohere's."""
    return {"id": "c", "finish_reason": reason, "message": message}


def told(vendor: str, body: object) -> tuple[str, str, list[tuple[str, str]], FinishReason]:
    """Return text, thoughts, calls and finish reason of an answer; events make a stream."""
    is_stream = isinstance(body, bytes)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = "text/event-stream" if is_stream else "application/json"
    answer = collect(read(FORMATS[vendor], kind, raw))
    return (
        "".join(part.text for part in answer.parts if isinstance(part, TextPart)),
        "".join(part.text for part in answer.parts if isinstance(part, ThoughtPart)),
        [(part.name, part.arguments_json) for part in answer.parts if isinstance(part, ToolCall)],
        answer.finish.reason,
    )


def sse(*events: object) -> bytes:
    """Return a stream of events without names."""
    written = (one if isinstance(one, str) else json.dumps(one) for one in events)
    return "".join(f"data: {one}\n\n" for one in written).encode()


CALL = [("f", '{"q":1}')]
NO_CALLS: list[tuple[str, str]] = []
FUNCTION = {"name": "f", "arguments": {"q": 1}}


@pytest.mark.parametrize(
    ("vendor", "body", "expected"),
    [
        ("claude", claude("Hi"), ("Hi", "", NO_CALLS)),
        (
            "claude",
            claude([{"type": "tool_use", "name": "f", "input": '{"q":1}'}], "tool_use"),
            ("", "", CALL),
        ),
        (
            "claude",
            sse(
                STARTED,
                {"type": "content_block_delta", "index": 0, "delta": TEXT},
                {"type": "content_block_stop", "index": 0},
                {"type": "content_block_stop", "index": 0},
                STOPPED,
                {"type": "message_stop"},
            ),
            ("Hi", "", NO_CALLS),
        ),
        (
            "claude",
            sse(
                STARTED,
                {"type": "content_block_start", "content_block": {"type": "text", "text": ""}},
                {"type": "content_block_delta", "delta": TEXT},
                {"type": "content_block_stop"},
                STOPPED,
                "[DONE]",
            ),
            ("Hi", "", NO_CALLS),
        ),
        (
            "claude",
            sse(
                STARTED,
                {"type": "content_block_start", "content_block": {"type": "tool_use", "name": "f"}},
                {
                    "type": "content_block_delta",
                    "delta": {"type": "input_json_delta", "partial_json": {"q": 1}},
                },
                {"type": "content_block_stop"},
                STOPPED,
                {"type": "message_stop"},
            ),
            ("", "", CALL),
        ),
        ("responses", responses({"type": "message", "content": "Hi"}), ("Hi", "", NO_CALLS)),
        (
            "responses",
            responses({"type": "message", "content": [{"type": "text", "text": "Hi"}]}),
            ("Hi", "", NO_CALLS),
        ),
        ("responses", responses(None, MESSAGE), ("Hi", "", NO_CALLS)),
        (
            "responses",
            responses({"type": "reasoning", "summary": ["hm"]}, MESSAGE),
            ("Hi", "hm", NO_CALLS),
        ),
        (
            "responses",
            responses({"type": "function_call", "call_id": "c", **FUNCTION}),
            ("", "", CALL),
        ),
        (
            "responses",
            sse({"type": "response.done", "response": responses(MESSAGE)}),
            ("Hi", "", NO_CALLS),
        ),
        ("gemini", gemini({"text": "Hi"}, finish="finish_reason"), ("Hi", "", NO_CALLS)),
        ("gemini", gemini({"text": "Hi"}, word="stop"), ("Hi", "", NO_CALLS)),
        (
            "gemini",
            gemini({"function_call": {"name": "f", "args": '{"q":1}'}}),
            ("", "", CALL),
        ),
        ("gemini", sse(gemini({"text": "Hi"}), "[DONE]"), ("Hi", "", NO_CALLS)),
        ("cohere", cohere({"content": ["Hi"]}, "complete"), ("Hi", "", NO_CALLS)),
        (
            "cohere",
            cohere({"tool_calls": [{"id": "c", "function": FUNCTION}]}, "TOOL_CALL"),
            ("", "", CALL),
        ),
        (
            "cohere",
            sse(
                {"type": "message-start", "id": "c"},
                {"type": "content-delta", "delta": {"message": {"content": {"text": "Hi"}}}},
                {"type": "message-end", "finish_reason": "COMPLETE"},
            ),
            ("Hi", "", NO_CALLS),
        ),
        (
            "bedrock",
            {
                "output": {
                    "message": {"content": [{"toolUse": {"name": "f", "input": '{"q":1}'}}]}
                },
                "stopReason": "tool_use",
            },
            ("", "", CALL),
        ),
    ],
)
def test_odd_answers_are_read(
    vendor: str, body: object, expected: tuple[str, str, list[tuple[str, str]]]
) -> None:
    """Texts in place of parts, JSON in place of text, ends and indexes that are missing."""
    text, thoughts, calls, reason = told(vendor, body)

    assert (text, thoughts, calls) == expected
    assert reason is (FinishReason.TOOL_CALLS if calls else FinishReason.STOP)


def test_code_in_the_other_spelling_is_read() -> None:
    """Google's JSON may keep snake_case names."""
    body = gemini({"executable_code": {"code": "1"}}, {"text": "Hi"})

    parts = collect(read(FORMATS["gemini"], "application/json", json.dumps(body).encode())).parts

    assert [part.activity.code for part in parts if isinstance(part, HostedPart)] == ["1"]
