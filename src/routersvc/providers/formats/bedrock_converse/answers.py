"""Reads one answer, whole or block by block.

A block of text, thought or tool call becomes its deltas. Blocks of the vendor's own tools and
unknown blocks are kept whole, to be sent back (`thoughts`). The trace of a guardrail is ignored:
the contract has no field for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.conversation.answers import AnswerEvent, Finished, Started
from routersvc.domain.conversation.deltas import MediaDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.parts import Modality
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.providers.formats.bedrock_converse.citations import read_citations
from routersvc.providers.formats.bedrock_converse.hosted_activities import HostedReader
from routersvc.providers.formats.bedrock_converse.usage import read_usage
from routersvc.providers.reading.answer_limits import few
from routersvc.providers.reading.block_answers import BlockAnswer
from routersvc.providers.reading.json_values import JsonObject, object_of, text_of
from routersvc.providers.reading.labels import label_of
from routersvc.providers.reading.media import media_bytes
from routersvc.providers.reading.whole_bodies import truncated
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
"""The vendor's finish reasons. Any other value means `FinishReason.OTHER`."""

BUNGLED_REASONS = frozenset({"malformed_model_output", "malformed_tool_use"})
"""Finish reasons that mean that the model's output was malformed."""


class AnswerReader(BlockAnswer):
    """The state of one answer while it is read. Unknown fields and nulls are ignored.

    Unexpected shapes raise `TypeError`, `AttributeError`, `KeyError` or `ValueError`: the caller
    treats the body as malformed.
    """

    def __init__(self, prompt: Prompt, head: ResponseHead, *, maker: str = "") -> None:
        super().__init__(prompt, maker=maker)
        self.answer_id = label_of(head.headers.get("x-amzn-requestid"))
        self._reason = ""
        self._hosted = HostedReader(maker)

    @property
    def has_finish_reason(self) -> bool:
        """Whether the stop reason has arrived."""
        return bool(self._reason)

    def read_body(self, body: JsonObject, events: list[AnswerEvent]) -> None:
        """Append the events of a complete body."""
        self.start(events)
        try:
            for block in few(body["output"]["message"]["content"]):
                self.read_block(block, events)
            self.read_end(body)
        finally:
            self.count(body.get("usage"), events)

    def start(self, events: list[AnswerEvent]) -> None:
        """Append the beginning of an answer; the vendor does not name the model's version."""
        events.append(Started(response_id=self.answer_id))

    def count(self, usage: object, events: list[AnswerEvent]) -> None:
        """Append what has been counted."""
        counted = read_usage(object_of(usage))
        if counted is not None:
            events.append(counted)

    def read_block(self, block: JsonObject, events: list[AnswerEvent]) -> None:
        """Append the events of a complete block: an object whose key says what it is."""
        match block:
            case {"text": text}:
                self.read_text(text, events)
            case {"citationsContent": cited}:
                start = self.characters
                for piece in cited.get("content") or ():
                    self.read_text(piece.get("text"), events)
                read_citations(cited.get("citations"), start, self.characters, events)
            case {"reasoningContent": {"reasoningText": thought}}:
                self.think(thought.get("text"), events)
                self.sign(thought.get("signature"), events)
            case {"reasoningContent": {"redactedContent": redacted}}:
                self.redact(media_bytes(redacted), events)
            case {"toolUse": call} if call.get("type") != "server_tool_use":
                index = self.begin_call(
                    call.get("toolUseId"), call["name"], events, answer_id=self.answer_id
                )
                self.end_call(index, call.get("input"), events)
            case {"image": image}:
                self.show(
                    image["format"], image["source"].get("bytes"), events, number=self.next_medium()
                )
            case _:
                activity = self._hosted.read(block)
                if activity is None:
                    self.keep(block, events)
                else:
                    self.tell(activity, events)

    def show(self, kind: object, data: object, events: list[AnswerEvent], *, number: int) -> None:
        """Append a picture, or a piece of the one with this number."""
        self.add_media(
            MediaDelta(
                modality=Modality.IMAGE,
                media_type=f"image/{label_of(kind)}",
                data=media_bytes(data or ""),
                index=number,
            ),
            events,
        )

    def read_end(self, message: JsonObject) -> None:
        """Store why the answer ended."""
        self._reason = text_of(message.get("stopReason")) or self._reason

    def finish(self, events: list[AnswerEvent]) -> None:
        """Append `Finished`, the last event.

        Raises:
            AttemptFailedError: the answer is incomplete or invalid.
        """
        if not self._reason:
            raise truncated("the answer ended without a finish reason")
        if self._reason in BUNGLED_REASONS:
            raise AttemptFailedError(
                Failure(
                    failure_class=FailureClass.BAD_ANSWER,
                    message="the provider could not parse the model's output",
                )
            )
        reason = self.sound_reason(FINISH_REASONS.get(self._reason, FinishReason.OTHER), events)
        events.append(Finished(reason=reason, response_id=self.answer_id))
