"""Reads one answer of Cohere's chat: its events, or its one body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

import orjson

from routersvc.domain.conversation.answers import AnswerEvent, Finished
from routersvc.domain.conversation.deltas import ToolCallDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.usage import Usage, UsageCounted
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.providers.errors.classes import failure_of_event
from routersvc.providers.formats.cohere_chat.citations import read_citations
from routersvc.providers.reading.answer_start import started
from routersvc.providers.reading.block_answers import BlockAnswer
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.reading.soundness import INTERRUPTED, require_arguments
from routersvc.providers.reading.sse import SseEvent
from routersvc.providers.reading.streams import TerminatedReader
from routersvc.providers.reading.tool_arguments import ToolArguments
from routersvc.providers.reading.whole_bodies import truncated
from routersvc.providers.wire_format import ResponseHead

FINISH_REASONS: Mapping[str, FinishReason] = MappingProxyType(
    {
        "COMPLETE": FinishReason.STOP,
        "STOP_SEQUENCE": FinishReason.STOP,
        "MAX_TOKENS": FinishReason.LENGTH,
        "TOOL_CALL": FinishReason.TOOL_CALLS,
        "ERROR_TOXIC": FinishReason.CONTENT_FILTER,
    }
)
"""Cohere's finish reasons. Any other value means `FinishReason.OTHER`."""

FAILED_REASONS = frozenset({"ERROR", "ERROR_LIMIT", "TIMEOUT", "USER_CANCEL"})
"""Finish reasons that mean that the answer failed."""


class AnswerReader(TerminatedReader):
    """The state of one answer while it is read. Unknown events are ignored."""

    def __init__(self, prompt: Prompt, head: ResponseHead) -> None:
        self.is_finished = False
        self.may_end = False
        self._head = head
        self._answer = BlockAnswer(prompt)
        self._arguments = ToolArguments()
        self._answer_id = ""
        self._end: JsonObject = {}

    def read_piece(self, piece: SseEvent, events: list[AnswerEvent]) -> None:
        """Append the events of one event of the stream; the last one ends the answer.

        Raises:
            AttemptFailedError: the event reports a failure, or ends an invalid answer.
        """
        if not piece.data or piece.data == b"[DONE]":
            return
        event: JsonObject = orjson.loads(piece.data)
        kind = event.get("type")
        if kind == "message-start":
            self._start(event.get("id") or "", events)
        elif kind == "message-end":
            self._end = event.get("delta") or {}
            self.finish(events)
            self.is_finished = True
        elif kind is None:
            raise AttemptFailedError(failure_of_event(event, self._head))
        else:
            delta: JsonObject = event.get("delta") or {}
            self._read_message(delta.get("message") or {}, events)

    def read_body(self, body: JsonObject, events: list[AnswerEvent]) -> None:
        """Append the events of a complete body.

        Raises:
            AttemptFailedError: the body is an error.
        """
        message: object = body.get("message")
        if not isinstance(message, dict):
            raise AttemptFailedError(failure_of_event(body, self._head))
        self._start(body.get("id") or "", events)
        self._read_message(cast("JsonObject", message), events)
        self._end = body

    def finish(self, events: list[AnswerEvent]) -> None:
        """Append the count and `Finished`.

        Raises:
            AttemptFailedError: the answer is incomplete or invalid.
        """
        counted = read_usage(self._end.get("usage") or {})
        if counted is not None:
            events.append(UsageCounted(usage=counted))
        word: str | None = self._end.get("finish_reason")
        if word is None:
            raise truncated("the answer ended without a finish reason")
        if word in FAILED_REASONS:
            raise AttemptFailedError(failure_of_event(self._end, self._head))
        reason = FINISH_REASONS.get(word, FinishReason.OTHER)
        if reason not in INTERRUPTED:
            require_arguments(are_json=self._arguments.complete(events))
        reason = self._answer.sound_reason(reason)
        events.append(Finished(reason=reason, response_id=self._answer_id))

    def _start(self, answer_id: str, events: list[AnswerEvent]) -> None:
        """Append `Started`; Cohere does not name the model that answers."""
        self._answer_id = answer_id
        events.append(
            started(
                self._head,
                response_id=answer_id,
            )
        )

    def _read_message(self, message: JsonObject, events: list[AnswerEvent]) -> None:
        """Append what a message holds. A body has lists where a stream has single items."""
        self._answer.think(message.get("tool_plan"), events)
        for item in _items(message.get("content")):
            self._answer.think(item.get("thinking"), events)
            self._answer.read_text(item.get("text"), events)
        for call in _items(message.get("tool_calls")):
            self._read_call(call, events)
        cited = message.get("citations")
        if cited:
            read_citations(cited, events)

    def _read_call(self, call: JsonObject, events: list[AnswerEvent]) -> None:
        """Append a call or a piece of one: only the first piece has the name."""
        function: JsonObject = call.get("function") or {}
        arguments: str = function.get("arguments") or ""
        name: str = function.get("name") or ""
        if not name:
            if not self._arguments:
                raise ValueError("arguments of no call")
            index = len(self._arguments) - 1
            events.append(ToolCallDelta(index=index, arguments_json=arguments))
        else:
            index = self._arguments.begin()
            call_id = call.get("id") or f"{self._answer_id or 'call'}-{index}"
            self._answer.add_call(
                ToolCallDelta(index=index, call_id=call_id, name=name, arguments_json=arguments),
                events,
            )
        self._arguments.append(index, arguments)


def read_usage(usage: JsonObject) -> Usage | None:
    """Return the usage, `None` where nothing was counted.

    `tokens` are what the model read and wrote; images are counted beside the rest of the prompt.
    Cohere bills fewer, because the prompt that it adds itself is free.
    """
    tokens: JsonObject = usage.get("tokens") or usage.get("billed_units") or {}
    if not tokens:
        return None
    inputs = int(tokens.get("input_tokens") or 0) + int(tokens.get("image_tokens") or 0)
    return Usage(
        input_tokens=inputs,
        output_tokens=int(tokens.get("output_tokens") or 0),
        cached_input_tokens=min(int(usage.get("cached_tokens") or 0), inputs),
        reasoning_tokens=int(tokens.get("reasoning_tokens") or 0),
    )


def _items(value: Any) -> Sequence[JsonObject]:  # noqa: ANN401 - whatever a vendor sends
    """Return what stands in a field that holds a list, one item, a text or nothing."""
    if not value:
        return ()
    if isinstance(value, str):
        return ({"text": value},)
    return cast("Sequence[JsonObject]", value) if isinstance(value, list) else (value,)
