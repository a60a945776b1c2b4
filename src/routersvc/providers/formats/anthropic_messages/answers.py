"""Reads one answer, whole or block by block.

A block of text, thought or tool call becomes its deltas. Blocks of the vendor's own tools and
unknown blocks are kept whole, to be sent back (`thoughts`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import orjson

from routersvc.domain.conversation.answers import AnswerEvent, Finished
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.providers.errors.classes import failure_of_event
from routersvc.providers.errors.envelopes import is_failure_report
from routersvc.providers.formats.anthropic_messages.citations import read_citations
from routersvc.providers.formats.anthropic_messages.hosted_activities import HostedReader
from routersvc.providers.formats.anthropic_messages.usage import merged, read_usage
from routersvc.providers.reading.answer_limits import few
from routersvc.providers.reading.answer_start import started
from routersvc.providers.reading.block_answers import BlockAnswer
from routersvc.providers.reading.json_values import JsonObject, object_of, text_of
from routersvc.providers.reading.labels import LONGEST_STOP_SEQUENCE, label_of
from routersvc.providers.reading.whole_bodies import truncated
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
"""The vendor's finish reasons.

Any other value means `FinishReason.OTHER`; `pause_turn` is one: the vendor's tools need another
turn, which begins with this answer.
"""


class AnswerReader(BlockAnswer):
    """The state of one answer while it is read. Unknown fields and nulls are ignored.

    Unexpected shapes raise `TypeError`, `AttributeError`, `KeyError` or `ValueError`: the caller
    treats the body as malformed.
    """

    def __init__(self, prompt: Prompt, head: ResponseHead, *, maker: str = "") -> None:
        super().__init__(prompt, maker=maker)
        self._head = head
        self._hosted = HostedReader(maker)
        self._usage: JsonObject = {}
        self._reason = ""
        self._stop_sequence = ""
        self._model_version = ""
        self._answer_id = ""

    @property
    def has_finish_reason(self) -> bool:
        """Whether the stop reason has arrived."""
        return bool(self._reason)

    def read_body(self, body: JsonObject, events: list[AnswerEvent]) -> None:
        """Append the events of a complete body.

        Raises:
            AttemptFailedError: the body is an error.
        """
        if is_failure_report(body, "content"):
            self.count(body.get("usage"), events)
            raise AttemptFailedError(failure_of_event(body, self._head))
        self.start(body, events)
        try:
            content = body["content"]
            for block in few([_said(content)] if isinstance(content, str) else content):
                self.read_block(block, events)
            self.read_end(body, events)
        finally:
            self.count(body.get("usage"), events)

    def start(self, message: JsonObject, events: list[AnswerEvent]) -> None:
        """Append the beginning of an answer."""
        self._model_version = label_of(message.get("model"))
        self._answer_id = label_of(message.get("id"))
        events.append(
            started(
                self._head,
                model_version=self._model_version,
                response_id=self._answer_id,
            )
        )

    def count(self, usage: object, events: list[AnswerEvent]) -> None:
        """Append what has been counted so far."""
        told = object_of(usage)
        if told:
            self._usage = merged(self._usage, told)
            counted = read_usage(self._usage)
            if counted is not None:
                events.append(counted)

    def read_block(self, block: JsonObject, events: list[AnswerEvent]) -> None:
        """Append the events of a complete block."""
        match block["type"]:
            case "text":
                start = self.characters
                self.read_text(block.get("text"), events)
                read_citations(block.get("citations"), start, self.characters, events)
            case "thinking":
                self.think(block.get("thinking"), events)
                self.sign(block.get("signature"), events)
            case "redacted_thinking":
                self.redact(text_of(block["data"]).encode(), events)
            case "tool_use":
                self.end_call(self.read_call(block, events), block.get("input"), events)
            case _:
                activity = self._hosted.read(block)
                if activity is None:
                    self.keep(block, events)
                else:
                    self.tell(activity, events)

    def read_call(self, block: JsonObject, events: list[AnswerEvent]) -> int:
        """Append the beginning of a tool call; who called is kept where it was not the model."""
        caller = object_of(block.get("caller"))
        is_own = not caller or caller.get("type") == "direct"
        return self.begin_call(
            block.get("id"),
            block["name"],
            events,
            answer_id=self._answer_id,
            signature=b"" if is_own else orjson.dumps(caller),
        )

    def read_end(self, message: JsonObject, events: list[AnswerEvent]) -> None:
        """Store why the answer ended, from `message_delta` or a complete message."""
        reason = text_of(message.get("stop_reason"))
        if reason:
            self._reason = reason
            self._stop_sequence = label_of(
                message.get("stop_sequence"), longest=LONGEST_STOP_SEQUENCE
            )
        details = object_of(message.get("stop_details"))
        explanation = details.get("explanation")
        if isinstance(explanation, str) and details.get("type") == "refusal":
            self.refuse(explanation, events)

    def finish(self, events: list[AnswerEvent]) -> None:
        """Append `Finished`, the last event.

        Raises:
            AttemptFailedError: the answer is incomplete or invalid.
        """
        if not self._reason:
            raise truncated("the answer ended without a finish reason")
        events.append(
            Finished(
                reason=self.sound_reason(
                    FINISH_REASONS.get(self._reason, FinishReason.OTHER), events
                ),
                stop_sequence=self._stop_sequence,
                model_version=self._model_version,
                response_id=self._answer_id,
            )
        )


def _said(text: str) -> JsonObject:
    """Return text as the block that it stands for."""
    return {"type": "text", "text": text}
