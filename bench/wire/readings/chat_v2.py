"""Cohere's chat, version 2: read by the types of Cohere's own SDK."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from typing import Any

import cohere
from cohere.core.unchecked_base_model import construct_type

from bench.wire.readings import (
    CALL,
    TEXT,
    THOUGHT,
    Call,
    Cited,
    Counts,
    Failing,
    Reading,
    Record,
    in_order,
    word_in,
)
from bench.wire.traffic.events import payloads
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.outcomes.failure_rules import FailureClass

JUDGE = f"cohere SDK {cohere.__version__}"

_REASONS: Mapping[str, FinishReason] = {
    "COMPLETE": FinishReason.STOP,
    "STOP_SEQUENCE": FinishReason.STOP,
    "MAX_TOKENS": FinishReason.LENGTH,
    "TOOL_CALL": FinishReason.TOOL_CALLS,
    "ERROR_TOXIC": FinishReason.CONTENT_FILTER,
}
_FAILED = ("ERROR", "ERROR_LIMIT", "TIMEOUT", "USER_CANCEL")


@dataclasses.dataclass(kw_only=True, slots=True)
class _Heard:
    """What came of an answer so far."""

    answer_id: str = ""
    text: str = ""
    thoughts: str = ""
    calls: list[tuple[str, str, str]] = dataclasses.field(
        default_factory=list[tuple[str, str, str]]
    )
    kinds: list[str] = dataclasses.field(default_factory=list[str])
    citations: list[Cited] = dataclasses.field(default_factory=list[Cited])

    def content(self, item: Any) -> None:  # noqa: ANN401 - the SDK's, unchecked
        text, thought = getattr(item, "text", None) or "", getattr(item, "thinking", None) or ""
        self.text += text
        self.think(thought)
        if text:
            self.kinds.append(TEXT)

    def think(self, thought: str) -> None:
        self.thoughts += thought
        if thought:
            self.kinds.append(THOUGHT)

    def call(self, call: Any) -> None:  # noqa: ANN401 - the SDK's, unchecked
        self.calls.append((call.id or "", call.function.name, call.function.arguments or ""))
        self.kinds.append(CALL)

    def cite(self, citations: Iterable[Any]) -> None:
        for citation in citations:
            for source in citation.sources or ():
                document: Any = getattr(source, "document", None) or {}
                named = document.get("url") or getattr(source, "id", None) or ""
                self.citations.append(Cited(source=named, title=document.get("title") or ""))


def read(record: Record) -> Reading | Failing:
    """Return what an answer says."""
    return _stream(record) if record.streaming else _whole(record)


def _whole(record: Record) -> Reading | Failing:
    kind: Any = cohere.V2ChatResponse
    parsed: Any = construct_type(type_=kind, object_=json.loads(record.body))
    message = parsed.message
    heard = _Heard(answer_id=parsed.id or "")
    heard.think(message.tool_plan or "")
    for item in message.content or ():
        heard.content(item)
    for call in message.tool_calls or ():
        heard.call(call)
    heard.cite(message.citations or ())
    return _reading(heard, parsed.finish_reason, parsed.usage)


def _stream(record: Record) -> Reading | Failing:
    heard = _Heard()
    reason = ""
    counted: Any = None
    kind: Any = cohere.V2ChatStreamResponse
    for payload in payloads(record.body):
        parsed: Any = construct_type(type_=kind, object_=payload)
        match parsed.type:
            case "message-start":
                heard.answer_id = parsed.id or ""
            case "content-start" | "content-delta":
                heard.content(parsed.delta.message.content)
            case "tool-plan-delta":
                heard.think(parsed.delta.message.tool_plan or "")
            case "tool-call-start":
                heard.call(parsed.delta.message.tool_calls)
            case "tool-call-delta":
                call_id, name, arguments = heard.calls[-1]
                arguments += parsed.delta.message.tool_calls.function.arguments
                heard.calls[-1] = (call_id, name, arguments)
            case "citation-start":
                heard.cite([parsed.delta.message.citations])
            case "message-end":
                reason, counted = parsed.delta.finish_reason, parsed.delta.usage
            case _:
                pass
    return _reading(heard, reason, counted)


def _reading(
    heard: _Heard,
    reason: str,
    counted: Any,  # noqa: ANN401 - the SDK's, unchecked
) -> Reading | Failing:
    calls: list[Call] = []
    for call_id, name, arguments in heard.calls:
        try:
            parsed = json.loads(arguments or "{}")
        except ValueError:
            return Failing(
                reason="the model called a tool with what is no JSON",
                failure_class=FailureClass.BAD_ANSWER,
            )
        calls.append(Call(call_id=call_id, name=name, arguments=parsed))
    if reason in _FAILED:
        return Failing(reason=f"Cohere says `{reason}` at the end")
    return Reading(
        judge=JUDGE,
        text=heard.text,
        thoughts=heard.thoughts,
        calls=tuple(calls),
        order=in_order(heard.kinds),
        finish=word_in(_REASONS, reason),
        counts=_counts(counted),
        answer_id=heard.answer_id,
        citations=tuple(heard.citations),
    )


def _counts(counted: Any) -> Counts | None:  # noqa: ANN401 - the SDK's, unchecked
    """Return what the model read and wrote; pictures are counted beside the rest."""
    if counted is None:
        return None
    tokens: Any = counted.tokens or counted.billed_units
    if tokens is None:
        return None
    images: Any = getattr(tokens, "image_tokens", None) or 0
    thinking: Any = getattr(tokens, "reasoning_tokens", None) or 0
    return Counts(
        taken=int((tokens.input_tokens or 0) + images),
        given=int(tokens.output_tokens or 0),
        thinking=int(thinking),
        cached=int(counted.cached_tokens or 0),
    )
