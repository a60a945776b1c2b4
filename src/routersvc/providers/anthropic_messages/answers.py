"""Reads one answer, whole or block by block.

A block of text, of thought or of a tool call becomes its deltas. What the vendor's own tools did,
and blocks that nobody has seen yet, are kept whole for the way back (`thoughts.kept_block`).
Citations have no place in the contract and are passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import orjson

from routersvc.domain.answers import (
    AnswerEvent,
    Finished,
    FinishReason,
    RefusalDelta,
    Started,
    TextDelta,
    ThoughtDelta,
    ToolCallDelta,
    UsageCounted,
)
from routersvc.domain.failures import AttemptFailedError
from routersvc.domain.prompts import Prompt, ReasoningVisibility
from routersvc.providers.anthropic_messages.thoughts import kept_block
from routersvc.providers.anthropic_messages.usage import merged, read_usage
from routersvc.providers.error_classes import failure_of_event
from routersvc.providers.json_values import JsonObject, is_json, text_of
from routersvc.providers.rate_limit_headers import headroom
from routersvc.providers.soundness import (
    INTERRUPTED,
    require_arguments,
    require_content,
    require_format,
)
from routersvc.providers.whole_bodies import truncated
from routersvc.providers.wire_format import ResponseHead

FINISH_REASONS: Mapping[str, FinishReason] = MappingProxyType(
    {
        "end_turn": FinishReason.STOP,
        "stop_sequence": FinishReason.STOP,
        "max_tokens": FinishReason.LENGTH,
        "model_context_window_exceeded": FinishReason.LENGTH,
        "tool_use": FinishReason.TOOL_CALLS,
        "refusal": FinishReason.REFUSAL,
    }
)
"""What the vendor calls the end of an answer.

Any other word means `FinishReason.OTHER`; `pause_turn` is one: the vendor's tools need another
turn, which begins with this answer.
"""


class AnswerReader:
    """The state of one answer while it is read. Unknown fields and nulls are passed over.

    Shapes that no vendor has sent raise `TypeError`, `AttributeError`, `KeyError` or `ValueError`:
    the caller takes them for a malformed body.
    """

    def __init__(self, prompt: Prompt, head: ResponseHead) -> None:
        self._head = head
        self._hides_thoughts = prompt.reasoning.visibility is ReasoningVisibility.HIDDEN
        self._response_format = prompt.response_format
        self._text: list[str] = []
        self._calls = 0
        self._arguments_are_json = True
        self._has_content = False
        self._usage: JsonObject = {}
        self._reason: str | None = None
        self._stop_sequence = ""
        self._model_version = ""
        self._answer_id = ""

    def read_body(self, body: JsonObject, events: list[AnswerEvent]) -> None:
        """Append the events of a complete body.

        Raises:
            AttemptFailedError: the body is an error.
        """
        if body.get("type") == "error" or body.get("error"):
            raise AttemptFailedError(failure_of_event(body, self._head))
        self.start(body, events)
        for block in body["content"]:
            self.read_block(block, events)
        self.read_end(body, events)
        self.count(body.get("usage"), events)

    def start(self, message: JsonObject, events: list[AnswerEvent]) -> None:
        """Append the beginning of an answer."""
        self._model_version = text_of(message.get("model"))
        self._answer_id = text_of(message.get("id"))
        events.append(
            Started(
                model_version=self._model_version,
                response_id=self._answer_id,
                headroom=headroom(self._head.headers, now=self._head.received_at),
            )
        )

    def count(self, usage: JsonObject | None, events: list[AnswerEvent]) -> None:
        """Append what has been counted so far."""
        if usage:
            self._usage = merged(self._usage, usage)
            events.append(UsageCounted(usage=read_usage(self._usage)))

    def read_block(self, block: JsonObject, events: list[AnswerEvent]) -> None:
        """Append the events of a complete block."""
        match block["type"]:
            case "text":
                self.read_text(block.get("text"), events)
            case "thinking":
                self.think(block.get("thinking"), events)
                self.sign(block.get("signature"), events)
            case "redacted_thinking":
                self.redact(block["data"], events)
            case "tool_use":
                index = self.begin_call(block, events)
                self.end_call(index, orjson.dumps(block.get("input") or {}).decode(), events)
            case _:
                self.keep(block, events)

    def read_text(self, value: object, events: list[AnswerEvent]) -> None:
        """Append text."""
        text = text_of(value)
        if text:
            self._has_content = True
            if self._response_format is not None:
                self._text.append(text)
            events.append(TextDelta(text=text))

    def think(self, value: object, events: list[AnswerEvent]) -> None:
        """Append a piece of a thought."""
        text = text_of(value)
        if text:
            self._add_thought(ThoughtDelta(text=text), events)

    def sign(self, value: object, events: list[AnswerEvent]) -> None:
        """End a thought with its signature."""
        signature = text_of(value)
        if signature:
            self._add_thought(ThoughtDelta(signature=signature.encode()), events)

    def redact(self, value: object, events: list[AnswerEvent]) -> None:
        """Append a thought that nobody may see."""
        data = text_of(value)
        if data:
            self._add_thought(ThoughtDelta(encrypted=data.encode()), events)

    def keep(self, block: JsonObject, events: list[AnswerEvent]) -> None:
        """Append a block that is only understood by the vendor."""
        self._add_thought(kept_block(block), events)

    def begin_call(self, block: JsonObject, events: list[AnswerEvent]) -> int:
        """Append the beginning of a tool call and return its number."""
        index = self._calls
        self._calls += 1
        caller: JsonObject | None = block.get("caller")
        is_own = caller is None or caller.get("type") == "direct"
        events.append(
            ToolCallDelta(
                index=index,
                call_id=text_of(block["id"]),
                name=text_of(block["name"]),
                signature=b"" if is_own else orjson.dumps(caller),
            )
        )
        return index

    def end_call(self, index: int, arguments: str, events: list[AnswerEvent]) -> None:
        """Append arguments that came whole."""
        events.append(ToolCallDelta(index=index, arguments_json=arguments))

    def check_arguments(self, index: int, arguments: str, events: list[AnswerEvent]) -> None:
        """Judge arguments that came in pieces; where there were none, an empty object is meant."""
        if not arguments.strip():
            self.end_call(index, "{}", events)
        elif not is_json(arguments):
            self._arguments_are_json = False

    def read_end(self, message: JsonObject, events: list[AnswerEvent]) -> None:
        """Take note of why the answer ended, as `message_delta` and complete messages tell it."""
        reason = text_of(message.get("stop_reason"))
        if reason:
            self._reason = reason
            self._stop_sequence = text_of(message.get("stop_sequence"))
        details: JsonObject = message.get("stop_details") or {}
        explanation = text_of(details.get("explanation"))
        if explanation and details.get("type") == "refusal":
            self._has_content = True
            events.append(RefusalDelta(text=explanation))

    def finish(self, events: list[AnswerEvent]) -> None:
        """Append `Finished` after everything that the vendor has said.

        Raises:
            AttemptFailedError: what it said is not a complete, sound answer.
        """
        if self._reason is None:
            raise truncated("the answer ended without a finish reason")
        reason = FINISH_REASONS.get(self._reason, FinishReason.OTHER)
        if self._calls and reason is FinishReason.STOP:
            reason = FinishReason.TOOL_CALLS
        if not (self._has_content or self._calls):
            require_content(reason)
        if reason not in INTERRUPTED:
            require_arguments(are_json=self._arguments_are_json)
        if reason is FinishReason.STOP and self._response_format is not None:
            require_format("".join(self._text), self._response_format)
        events.append(
            Finished(
                reason=reason,
                stop_sequence=self._stop_sequence,
                model_version=self._model_version,
                response_id=self._answer_id,
            )
        )

    def _add_thought(self, thought: ThoughtDelta, events: list[AnswerEvent]) -> None:
        self._has_content = True
        if not self._hides_thoughts:
            events.append(thought)
