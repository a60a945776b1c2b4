"""Reads one answer, whole or block by block.

A block of text, of thought or of a tool call becomes its deltas. What the vendor's own tools did,
and blocks that nobody has seen yet, are kept whole for the way back (`thoughts.kept_block`).
Citations and the trace of a guardrail have no place in the contract and are passed over.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from types import MappingProxyType

import orjson

from routersvc.domain.answers import (
    AnswerEvent,
    Finished,
    FinishReason,
    MediaDelta,
    Started,
    TextDelta,
    ThoughtDelta,
    ToolCallDelta,
    UsageCounted,
)
from routersvc.domain.failures import AttemptFailedError, Failure, FailureClass
from routersvc.domain.prompts import Modality, Prompt, ReasoningVisibility
from routersvc.providers.bedrock_converse.thoughts import kept_block
from routersvc.providers.bedrock_converse.usage import read_usage
from routersvc.providers.json_values import JsonObject, is_json, text_of
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
        "guardrail_intervened": FinishReason.CONTENT_FILTER,
        "content_filtered": FinishReason.CONTENT_FILTER,
        "refusal": FinishReason.REFUSAL,
    }
)
"""What the vendor calls the end of an answer. Any other word means `FinishReason.OTHER`."""

BUNGLED_REASONS = frozenset({"malformed_model_output", "malformed_tool_use"})
"""Finish reasons that say that the model wrote what nobody can read."""


class AnswerReader:
    """The state of one answer while it is read. Unknown fields and nulls are passed over.

    Shapes that the vendor has never sent raise `TypeError`, `AttributeError`, `KeyError` or
    `ValueError`: the caller takes them for a malformed body.
    """

    def __init__(self, prompt: Prompt, head: ResponseHead) -> None:
        self._hides_thoughts = prompt.reasoning.visibility is ReasoningVisibility.HIDDEN
        self._response_format = prompt.response_format
        self._answer_id = head.headers.get("x-amzn-requestid", "")
        self._text: list[str] = []
        self._calls = 0
        self._arguments_are_json = True
        self._has_content = False
        self._reason: str | None = None

    def read_body(self, body: JsonObject, events: list[AnswerEvent]) -> None:
        """Append the events of a complete body."""
        self.start(events)
        for block in body["output"]["message"]["content"]:
            self.read_block(block, events)
        self.read_end(body)
        self.count(body.get("usage"), events)

    def start(self, events: list[AnswerEvent]) -> None:
        """Append the beginning of an answer; the vendor does not say which version answers."""
        events.append(Started(response_id=self._answer_id))

    def count(self, usage: JsonObject | None, events: list[AnswerEvent]) -> None:
        """Append what has been counted."""
        counted = read_usage(usage or {})
        if counted is not None:
            events.append(UsageCounted(usage=counted))

    def read_block(self, block: JsonObject, events: list[AnswerEvent]) -> None:
        """Append the events of a complete block: an object whose key says what it is."""
        match block:
            case {"text": text}:
                self.read_text(text, events)
            case {"citationsContent": cited}:
                for piece in cited.get("content") or ():
                    self.read_text(piece.get("text"), events)
            case {"reasoningContent": {"reasoningText": thought}}:
                self.think(thought.get("text"), events)
                self.sign(thought.get("signature"), events)
            case {"reasoningContent": {"redactedContent": redacted}}:
                self.redact(redacted, events)
            case {"toolUse": call} if call.get("type") != "server_tool_use":
                index = self.begin_call(call, events)
                self.end_call(index, orjson.dumps(call.get("input") or {}).decode(), events)
            case {"image": image}:
                self.show(image["format"], image["source"].get("bytes"), events)
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
        data = base64.b64decode(text_of(value), validate=True)
        if data:
            self._add_thought(ThoughtDelta(encrypted=data), events)

    def show(self, kind: object, data: object, events: list[AnswerEvent]) -> None:
        """Append a picture, or a piece of one."""
        self._has_content = True
        events.append(
            MediaDelta(
                modality=Modality.IMAGE,
                media_type=f"image/{text_of(kind)}",
                data=base64.b64decode(text_of(data), validate=True),
            )
        )

    def keep(self, block: JsonObject, events: list[AnswerEvent]) -> None:
        """Append a block that is only understood by the vendor."""
        self._add_thought(kept_block(block), events)

    def begin_call(self, call: JsonObject, events: list[AnswerEvent]) -> int:
        """Append the beginning of a tool call and return its number."""
        index = self._calls
        self._calls += 1
        events.append(
            ToolCallDelta(
                index=index, call_id=text_of(call["toolUseId"]), name=text_of(call["name"])
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

    def read_end(self, message: JsonObject) -> None:
        """Take note of why the answer ended."""
        self._reason = text_of(message.get("stopReason")) or self._reason

    def finish(self, events: list[AnswerEvent]) -> None:
        """Append `Finished` after everything that the vendor has said.

        Raises:
            AttemptFailedError: what it said is not a complete, sound answer.
        """
        if self._reason is None:
            raise truncated("the answer ended without a finish reason")
        if self._reason in BUNGLED_REASONS:
            raise AttemptFailedError(
                Failure(
                    failure_class=FailureClass.BAD_ANSWER,
                    message="the model wrote what the provider cannot read",
                )
            )
        reason = FINISH_REASONS.get(self._reason, FinishReason.OTHER)
        if self._calls and reason is FinishReason.STOP:
            reason = FinishReason.TOOL_CALLS
        if not (self._has_content or self._calls):
            require_content(reason)
        if reason not in INTERRUPTED:
            require_arguments(are_json=self._arguments_are_json)
        if reason is FinishReason.STOP and self._response_format is not None:
            require_format("".join(self._text), self._response_format)
        events.append(Finished(reason=reason, response_id=self._answer_id))

    def _add_thought(self, thought: ThoughtDelta, events: list[AnswerEvent]) -> None:
        self._has_content = True
        if not self._hides_thoughts:
            events.append(thought)
