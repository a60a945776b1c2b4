"""Cohere's chat, version 2: read by the types of Cohere's own SDK."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import cohere
from cohere.core.unchecked_base_model import construct_type

from bench.wire.readings import Call, Expected, Reading, Record
from bench.wire.readings.sse import payloads
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.outcomes.failure_rules import FailureClass

JUDGE = f"cohere SDK {cohere.__version__}"

_BUNGLED = Expected(
    failure_class=FailureClass.BAD_ANSWER,
    reason="the model called a tool with what is no JSON, and Cohere says so at the end",
)

EXPECTED: Mapping[str, Expected] = {
    "cohere/basic/chat_v2.stream.test-sql-agent.2e112419.json": _BUNGLED,
    "cohere/basic/chat_v2.stream.test-sql-agent.cee1ab1a.json": _BUNGLED,
}

_REASONS: Mapping[str, FinishReason] = {
    "COMPLETE": FinishReason.STOP,
    "STOP_SEQUENCE": FinishReason.STOP,
    "MAX_TOKENS": FinishReason.LENGTH,
    "TOOL_CALL": FinishReason.TOOL_CALLS,
}


def read(record: Record) -> Reading:
    """Return what an answer says."""
    return _stream(record) if record.streaming else _whole(record)


def _whole(record: Record) -> Reading:
    kind: Any = cohere.V2ChatResponse
    parsed: Any = construct_type(type_=kind, object_=json.loads(record.body))
    message = parsed.message
    text, thoughts = "", message.tool_plan or ""
    for item in message.content or ():
        text += getattr(item, "text", None) or ""
        thoughts += getattr(item, "thinking", None) or ""
    calls = [
        (call.id, call.function.name, call.function.arguments) for call in message.tool_calls or ()
    ]
    return _reading(text, thoughts, calls, parsed.finish_reason, parsed.usage)


def _stream(record: Record) -> Reading:
    text, thoughts, reason = "", "", ""
    calls: list[tuple[str, str, str]] = []
    counted: Any = None
    kind: Any = cohere.V2ChatStreamResponse
    for payload in payloads(record.body):
        parsed: Any = construct_type(type_=kind, object_=payload)
        match parsed.type:
            case "content-delta":
                text += parsed.delta.message.content.text or ""
                thoughts += parsed.delta.message.content.thinking or ""
            case "tool-plan-delta":
                thoughts += parsed.delta.message.tool_plan
            case "tool-call-start":
                call = parsed.delta.message.tool_calls
                calls.append((call.id, call.function.name, call.function.arguments or ""))
            case "tool-call-delta":
                call_id, name, arguments = calls[-1]
                arguments += parsed.delta.message.tool_calls.function.arguments
                calls[-1] = (call_id, name, arguments)
            case "message-end":
                reason, counted = parsed.delta.finish_reason, parsed.delta.usage
            case _:
                pass
    return _reading(text, thoughts, calls, reason, counted)


def _reading(
    text: str,
    thoughts: str,
    calls: list[tuple[str, str, str]],
    reason: str,
    counted: Any,  # noqa: ANN401 - the SDK's, unchecked
) -> Reading:
    usage: tuple[int, int, int] | None = None
    if counted is not None:
        images: Any = getattr(counted.tokens, "image_tokens", None) or 0
        thinking: Any = getattr(counted.tokens, "reasoning_tokens", None) or 0
        read, written = counted.tokens.input_tokens + images, counted.tokens.output_tokens
        usage = (int(read), int(written), int(thinking))
    return Reading(
        judge=JUDGE,
        text=text,
        thoughts=thoughts,
        calls=tuple(
            Call(call_id=call_id, name=name, arguments=json.loads(arguments or "{}"))
            for call_id, name, arguments in calls
        ),
        finish=_REASONS[reason],
        usage=usage,
        cached=None if counted is None else (int(counted.cached_tokens or 0), 0),
    )
