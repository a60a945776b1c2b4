"""Reads one answer: from the chunks of a stream or from the one message of a complete response."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import orjson

from routersvc.domain.conversation.answers import AnswerEvent, Finished
from routersvc.domain.conversation.deltas import MediaDelta, RefusalDelta, TextDelta, ThoughtDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.parts import Modality
from routersvc.domain.conversation.prefills import is_continuation
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.reasoning import ReasoningVisibility
from routersvc.domain.conversation.usage import Usage, UsageCounted
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.providers.errors.classes import failure_of_event
from routersvc.providers.formats.openai_chat.citations import CitationReader
from routersvc.providers.formats.openai_chat.dialects import OpenAiDialect
from routersvc.providers.formats.openai_chat.finish_reasons import (
    FINISH_REASONS,
    NO_REASON_YET,
    failed_reason,
    failure_of_reason,
)
from routersvc.providers.formats.openai_chat.tool_calls import ToolCallReader
from routersvc.providers.formats.openai_chat.usage import read_usage
from routersvc.providers.reading.answer_start import started
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.reading.soundness import (
    INTERRUPTED,
    require_arguments,
    require_content,
    require_format,
)
from routersvc.providers.reading.token_logprobs import read_logprobs
from routersvc.providers.wire_format import ResponseHead


class AnswerReader:
    """The state of one answer while it is read. Unknown fields and nulls are ignored.

    Unexpected shapes raise `TypeError`, `AttributeError`, `KeyError` or `ValueError`: the caller
    treats the body as malformed.
    """

    def __init__(self, prompt: Prompt, dialect: OpenAiDialect, head: ResponseHead) -> None:
        self._dialect = dialect
        self._head = head
        self._wants_logprobs = prompt.logprobs is not None
        self._hides_thoughts = prompt.reasoning.visibility is ReasoningVisibility.HIDDEN
        self._spoken_type = (
            "audio/pcm" if prompt.audio_output is None else prompt.audio_output.media_type
        )
        self._response_format = prompt.response_format
        self._continues = is_continuation(prompt)
        self._text: list[str] = []
        self._calls = ToolCallReader()
        self._citations = CitationReader()
        self._usage: Usage | None = None
        self._started = False
        self._has_text = False
        self._has_refusal = False
        self._has_more = False
        self._reason: str | None = None
        self._failed_reason = ""
        self._went_on = False
        self._stop_sequence = ""
        self._model_version = ""
        self._answer_id = ""

    @property
    def has_finish_reason(self) -> bool:
        """Whether a finish reason has arrived."""
        return self._reason is not None

    @property
    def may_end(self) -> bool:
        """Whether a finish reason has arrived and no content after it.

        A server that sends content after its finish reason ends with its terminator only.
        """
        return self._reason is not None and not self._went_on

    def read_body(self, body: JsonObject, events: list[AnswerEvent]) -> None:
        """Append the events of a complete body.

        Raises:
            AttemptFailedError: the body is an error.
        """
        if body.get("error") or body.get("object") == "error":
            raise AttemptFailedError(failure_of_event(body, self._head))
        self.read(body, "message", events)

    def read(self, body: JsonObject, part: str, events: list[AnswerEvent]) -> None:
        """Append the events of a chunk (`part` is `delta`) or of a complete body (`message`)."""
        if not self._started:
            self._started = True
            self._note_names(body)
            events.append(
                started(
                    self._head,
                    model_version=self._model_version,
                    response_id=self._answer_id,
                )
            )
        elif not self._model_version:
            self._note_names(body)
        for choice in body.get("choices") or ():
            if choice.get("index"):
                continue
            message = choice.get(part)
            if message:
                logprobs = choice.get("logprobs") if self._wants_logprobs else None
                before = len(events)
                self._read_message(message, logprobs, events)
                self._went_on = self._went_on or (self._reason is not None and len(events) > before)
            if choice.get("error"):
                raise AttemptFailedError(failure_of_event({"error": choice["error"]}, self._head))
            reason = choice.get("finish_reason")
            if reason and reason != NO_REASON_YET:
                self._reason = reason
                self._failed_reason = failed_reason(reason, choice.get("native_finish_reason"))
                stop_sequence = choice.get("stop_reason")
                if isinstance(stop_sequence, str):
                    self._stop_sequence = stop_sequence
        if "citations" in body or "search_results" in body:
            self._citations.read_body(body, events)
        usage = body.get("usage")
        if usage is None and "x_groq" in body:
            own: JsonObject = body["x_groq"] or {}
            usage = own.get("usage")
        if usage:
            counted = read_usage(usage)
            if counted != self._usage:
                self._usage = counted
                events.append(UsageCounted(usage=counted))

    def finish(self, events: list[AnswerEvent]) -> None:
        """Append `Finished`, the last event.

        Raises:
            AttemptFailedError: the answer is incomplete or invalid.
        """
        word = self._reason
        if word is None and self._dialect.finish_reason_required:
            raise _failed(FailureClass.TRUNCATED, "the answer ended without a finish reason")
        if self._failed_reason:
            raise AttemptFailedError(failure_of_reason(self._failed_reason))
        reason = (
            FinishReason.OTHER if word is None else FINISH_REASONS.get(word, FinishReason.OTHER)
        )
        if self._calls and reason is FinishReason.STOP:
            reason = FinishReason.TOOL_CALLS
        elif self._has_refusal and not self._has_text and reason is FinishReason.STOP:
            reason = FinishReason.REFUSAL
        self._check(reason, events)
        events.append(
            Finished(
                reason=reason,
                stop_sequence=self._stop_sequence,
                model_version=self._model_version,
                response_id=self._answer_id,
            )
        )

    def _check(self, reason: FinishReason, events: list[AnswerEvent]) -> None:
        """Refuse an answer that is empty or not in the requested format."""
        if not (self._has_text or self._has_refusal or self._has_more or self._calls):
            require_content(reason, continues=self._continues)
        if reason in INTERRUPTED:
            return
        require_arguments(are_json=self._calls.complete(events))
        if reason is FinishReason.STOP and self._response_format is not None:
            require_format("".join(self._text), self._response_format)

    def _note_names(self, body: JsonObject) -> None:
        self._model_version = body.get("model") or ""
        self._answer_id = body.get("id") or ""

    def _read_message(
        self, message: JsonObject, logprobs: JsonObject | None, events: list[AnswerEvent]
    ) -> None:
        details = message.get("reasoning_details")
        if details:
            self._read_details(details, events)
        else:
            thought = message.get("reasoning_content") or message.get("reasoning")
            if thought:
                self._think(ThoughtDelta(text=thought), events)
        content: Any = message.get("content")
        if isinstance(content, str):
            if content or logprobs:
                self._read_text(content, logprobs, events)
        elif content:
            self._read_chunks(content, events)
        elif logprobs:
            self._read_text("", logprobs, events)
        calls = message.get("tool_calls")
        if calls:
            self._calls.read(calls, events, self._answer_id)
        if message.get("annotations") or message.get("citations"):
            self._citations.read_message(message, events)
        refusal = message.get("refusal")
        if refusal:
            self._has_refusal = True
            events.append(RefusalDelta(text=refusal))
        audio = message.get("audio")
        if audio:
            self._read_audio(audio, events)
        images = message.get("images")
        if images:
            self._read_images(images, events)

    def _read_text(self, text: str, logprobs: JsonObject | None, events: list[AnswerEvent]) -> None:
        tokens = read_logprobs(logprobs.get("content") or ()) if logprobs else ()
        if text:
            self._has_text = True
            if self._response_format is not None:
                self._text.append(text)
        elif not tokens:
            return
        events.append(TextDelta(text=text, logprobs=tokens))

    def _read_chunks(self, chunks: Sequence[JsonObject], events: list[AnswerEvent]) -> None:
        """Read content that is a list, as Mistral's thinking models write it."""
        for chunk in chunks:
            match chunk.get("type"):
                case "text":
                    self._read_text(chunk.get("text") or "", None, events)
                case "thinking":
                    for piece in chunk.get("thinking") or ():
                        thought = piece.get("text")
                        if thought:
                            self._think(ThoughtDelta(text=thought), events)
                case _:
                    pass

    def _read_details(self, details: Sequence[JsonObject], events: list[AnswerEvent]) -> None:
        """Read thoughts with their proofs; a proof keeps all of a detail but its text."""
        for detail in details:
            text: str = detail.get("text") or detail.get("summary") or ""
            rest = {key: value for key, value in detail.items() if key not in {"text", "summary"}}
            proof = orjson.dumps(rest)
            if detail.get("data"):
                delta = ThoughtDelta(text=text, encrypted=proof)
            elif detail.get("signature"):
                delta = ThoughtDelta(text=text, signature=proof)
            elif text:
                delta = ThoughtDelta(text=text)
            else:
                continue
            self._think(delta, events)

    def _think(self, thought: ThoughtDelta, events: list[AnswerEvent]) -> None:
        self._has_more = True
        if not self._hides_thoughts:
            events.append(thought)

    def _read_audio(self, audio: JsonObject, events: list[AnswerEvent]) -> None:
        data: str = audio.get("data") or ""
        transcript: str = audio.get("transcript") or ""
        if data or transcript:
            self._has_more = True
            events.append(
                MediaDelta(
                    modality=Modality.AUDIO,
                    media_type=self._spoken_type,
                    data=_decoded(data),
                    transcript=transcript,
                )
            )

    def _read_images(self, images: Sequence[JsonObject], events: list[AnswerEvent]) -> None:
        for image in images:
            header, _, data = image["image_url"]["url"].partition(",")
            media_type = header.removeprefix("data:").partition(";")[0]
            self._has_more = True
            events.append(
                MediaDelta(modality=Modality.IMAGE, media_type=media_type, data=_decoded(data))
            )


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise ValueError("media is not base64") from error


def _failed(failure_class: FailureClass, message: str) -> AttemptFailedError:
    return AttemptFailedError(Failure(failure_class=failure_class, message=message))
