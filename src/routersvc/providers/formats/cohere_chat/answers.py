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
from routersvc.domain.conversation.usage import UsageCounted
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.providers.errors.classes import failure_of_event
from routersvc.providers.formats.cohere_chat.citations import read_citations
from routersvc.providers.reading.answer_start import started
from routersvc.providers.reading.block_answers import BlockAnswer
from routersvc.providers.reading.counts import Counts, usage_counted
from routersvc.providers.reading.json_values import JsonObject, object_of, read_json, text_of
from routersvc.providers.reading.labels import label_of
from routersvc.providers.reading.soundness import INTERRUPTED, require_arguments
from routersvc.providers.reading.sse import SseEvent
from routersvc.providers.reading.streams import TerminatedReader
from routersvc.providers.reading.tool_arguments import ToolArguments
from routersvc.providers.reading.whole_bodies import MALFORMED, truncated
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
        event: JsonObject = read_json(piece.data)
        kind = event.get("type")
        if kind == "message-start":
            self._start(event.get("id"), events)
        elif kind == "message-end":
            self._end = object_of(event.get("delta")) or event
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
            self._count(body, events)
            raise AttemptFailedError(failure_of_event(body, self._head))
        self._start(body.get("id"), events)
        self._end = body
        try:
            self._read_message(cast("JsonObject", message), events)
        except (AttemptFailedError, *MALFORMED):
            self._count(body, events)
            raise

    def finish(self, events: list[AnswerEvent]) -> None:
        """Append the count and `Finished`.

        Raises:
            AttemptFailedError: the answer is incomplete or invalid.
        """
        self._count(self._end, events)
        word = text_of(self._end.get("finish_reason"))
        if not word:
            raise truncated("the answer ended without a finish reason")
        if word.upper() in FAILED_REASONS:
            raise AttemptFailedError(failure_of_event(self._end, self._head))
        reason = FINISH_REASONS.get(word.upper(), FinishReason.OTHER)
        if reason not in INTERRUPTED:
            require_arguments(are_json=self._arguments.complete(events))
        reason = self._answer.sound_reason(reason, events)
        events.append(Finished(reason=reason, response_id=self._answer_id))

    def _start(self, answer_id: object, events: list[AnswerEvent]) -> None:
        """Append `Started`; Cohere does not name the model that answers."""
        self._answer_id = label_of(answer_id)
        events.append(started(self._head, response_id=self._answer_id))

    def _count(self, end: JsonObject, events: list[AnswerEvent]) -> None:
        """Append what was counted."""
        counted = read_usage(object_of(end.get("usage")))
        if counted is not None:
            events.append(counted)

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
        given = function.get("arguments") or ""
        arguments: str = orjson.dumps(given).decode() if isinstance(given, dict) else given
        name: str = function.get("name") or ""
        if not name:
            if not self._arguments:
                raise ValueError("arguments of no call")
            index = len(self._arguments) - 1
            events.append(ToolCallDelta(index=index, arguments_json=arguments))
        else:
            index = self._arguments.begin()
            self._answer.begin_call(
                call.get("id"),
                name,
                events,
                arguments=arguments,
                answer_id=self._answer_id,
            )
        self._arguments.append(index, arguments)


def read_usage(usage: JsonObject) -> UsageCounted | None:
    """Return the usage, `None` where nothing was counted.

    `tokens` are what the model read and wrote; images are counted beside the rest of the prompt.
    Cohere bills fewer, because the prompt that it adds itself is free.
    """
    counts = Counts(object_of(usage.get("tokens")) or object_of(usage.get("billed_units")))
    inputs = counts.count("input_tokens")
    pictures = counts.count("image_tokens") or 0
    around = Counts(usage)
    cached = around.count("cached_tokens") or 0
    counts.is_doubtful = counts.is_doubtful or around.is_doubtful
    return usage_counted(
        counts,
        inputs=None if inputs is None else inputs + pictures,
        outputs=counts.count("output_tokens"),
        cached=cached,
        reasoning=counts.count("reasoning_tokens") or 0,
    )


def _items(value: Any) -> Sequence[JsonObject]:  # noqa: ANN401 - whatever a vendor sends
    """Return what stands in a field that holds a list, one item, a text or nothing."""
    if not value:
        return ()
    if isinstance(value, str):
        return ({"text": value},)
    items = cast("Sequence[Any]", value) if isinstance(value, list) else (value,)
    return [{"text": item} if isinstance(item, str) else item for item in items]
