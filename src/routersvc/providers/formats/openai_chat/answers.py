"""Reads one answer: from the chunks of a stream or from the one message of a complete response."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, cast

import orjson

from routersvc.domain.conversation.answers import AnswerEvent, Finished
from routersvc.domain.conversation.deltas import MediaDelta, RefusalDelta, ThoughtDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.parts import Modality
from routersvc.domain.conversation.prefills import is_continuation
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.reasoning import ReasoningVisibility
from routersvc.domain.conversation.usage import UsageCounted
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.providers.errors.classes import failure_of_event
from routersvc.providers.errors.envelopes import is_failure_report
from routersvc.providers.formats.openai_chat.citations import CitationReader
from routersvc.providers.formats.openai_chat.dialects import OpenAiDialect
from routersvc.providers.formats.openai_chat.finish_reasons import (
    NO_REASON_YET,
    failed_reason,
    failure_of_reason,
    finish_reason,
)
from routersvc.providers.formats.openai_chat.hosted_activities import HostedReader
from routersvc.providers.formats.openai_chat.tool_calls import ToolCallReader
from routersvc.providers.formats.openai_chat.usage import read_usage
from routersvc.providers.reading.answer_limits import few
from routersvc.providers.reading.answer_start import started
from routersvc.providers.reading.answer_texts import AnswerText
from routersvc.providers.reading.json_values import JsonObject, object_of, objects_of, part_text
from routersvc.providers.reading.labels import LONGEST_STOP_SEQUENCE, label_of
from routersvc.providers.reading.media import media_bytes, picture_at
from routersvc.providers.reading.soundness import INTERRUPTED, require_arguments, require_content
from routersvc.providers.reading.token_logprobs import read_logprobs
from routersvc.providers.wire_format import ResponseHead

_READ_BESIDE = frozenset({"x_groq", "citations", "search_results"})
"""What is read of a chunk beside its choices, or may be, and is not the same twice."""

_PLAIN = frozenset({"role", "content"})
"""What a delta may have whose text is all there is to read."""


class AnswerReader:
    """The state of one answer while it is read. Unknown fields and nulls are ignored.

    Unexpected shapes raise `TypeError`, `AttributeError`, `KeyError` or `ValueError`: the caller
    treats the body as malformed.
    """

    def __init__(
        self, prompt: Prompt, dialect: OpenAiDialect, head: ResponseHead, *, maker: str = ""
    ) -> None:
        self._maker = maker
        self._dialect = dialect
        self._head = head
        self._wants_logprobs = prompt.logprobs is not None
        self._hides_thoughts = prompt.reasoning.visibility is ReasoningVisibility.HIDDEN
        self._spoken_type = (
            "audio/pcm" if prompt.audio_output is None else prompt.audio_output.media_type
        )
        self._continues = is_continuation(prompt)
        self._text = AnswerText(prompt)
        self._calls = ToolCallReader(prompt, maker if dialect.extra_content else None)
        self._citations = CitationReader()
        self._hosted = HostedReader(maker)
        self._pictures = 0
        self._usage: UsageCounted | None = None
        self._usage_in_choice: object = None
        self._started = False
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
        if is_failure_report(body, "choices"):
            self.count(body, events)
            raise AttemptFailedError(self.failure_in(body))
        self.read(body, "message", events)

    def failure_in(self, event: JsonObject) -> Failure:
        """Return the failure that an error inside of the answer means.

        A request whose answer had ended was not invalid: the provider broke off.
        """
        failure = failure_of_event(event, self._head, self._dialect.errors)
        if self.has_finish_reason and failure.failure_class is FailureClass.INVALID_REQUEST:
            return dataclasses.replace(failure, failure_class=FailureClass.TRUNCATED)
        return failure

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
        choices = body.get("choices") or ()
        try:
            for choice in choices:
                if not choice.get("index"):
                    self._read_choice(choice, part, events)
            if "citations" in body or "search_results" in body:
                self._citations.read_body(body, events)
                self._hosted.read_body(body)
        finally:
            self.count(body, events)

    def plain_text_of(self, chunk: JsonObject) -> str:
        """Return the text of a chunk that has been read, if reading it added a text and no more.

        Empty for any other chunk, also where a finish reason has arrived: then text means more.
        """
        choices: Sequence[JsonObject] = chunk.get("choices") or ()
        if self._wants_logprobs or self._reason is not None or len(choices) != 1:
            return ""
        if chunk.get("usage") or not _READ_BESIDE.isdisjoint(chunk):
            return ""
        choice = choices[0]
        if choice.get("index") or choice.get("usage"):
            return ""
        delta: JsonObject = choice.get("delta") or {}
        text = delta.get("content")
        if not isinstance(text, str):
            return ""
        return "" if any(value and key not in _PLAIN for key, value in delta.items()) else text

    def add_texts(self, text: str, events: list[AnswerEvent], *, pieces: int) -> None:
        """Append the joined texts of chunks, each as `plain_text_of` reads it."""
        self._text.add(text, events, pieces=pieces)

    def count(self, body: JsonObject, events: list[AnswerEvent]) -> None:
        """Append the usage of a body or chunk: at its top, in a choice, or in `x_groq`."""
        told = body.get("usage")
        if told and isinstance(told, dict):
            usage = cast("JsonObject", told)
        elif self._usage_in_choice is not None:
            # Moonshot writes the usage into the last choice, Groq into a field of its own.
            usage = object_of(self._usage_in_choice)
        elif "x_groq" in body:
            usage = object_of(object_of(body["x_groq"]).get("usage"))
        else:
            return
        counted = read_usage(usage)
        if counted is not None and counted != self._usage:
            self._usage = counted
            events.append(counted)

    def _read_choice(self, choice: JsonObject, part: str, events: list[AnswerEvent]) -> None:
        if "usage" in choice:
            self._usage_in_choice = choice["usage"]
        message = choice.get(part)
        if message is None and not self._text.has_text:
            # Some servers stream whole messages.
            message = choice.get("message" if part == "delta" else "delta")
        if message:
            logprobs = object_of(choice.get("logprobs")) if self._wants_logprobs else None
            before = len(events)
            self._read_message(message, logprobs, events, is_whole=part == "message")
            self._went_on = self._went_on or (self._reason is not None and len(events) > before)
        if choice.get("error"):
            raise AttemptFailedError(self.failure_in({"error": choice["error"]}))
        reason = label_of(choice.get("finish_reason"))
        if reason and reason != NO_REASON_YET:
            self._reason = reason
            self._failed_reason = failed_reason(reason, choice.get("native_finish_reason"))
            stop_sequence = choice.get("stop_reason")
            if isinstance(stop_sequence, str):
                self._stop_sequence = label_of(stop_sequence, longest=LONGEST_STOP_SEQUENCE)

    def finish(self, events: list[AnswerEvent]) -> None:
        """Append `Finished`, the last event.

        Raises:
            AttemptFailedError: the answer is incomplete or invalid.
        """
        word = self._reason
        if word is None and self._dialect.finish_reason_required:
            raise _failed(FailureClass.TRUNCATED, "the answer ended without a finish reason")
        self._text.end(events)
        self._calls.end_texts(events)
        if self._failed_reason:
            raise AttemptFailedError(failure_of_reason(self._failed_reason))
        reason = FinishReason.OTHER if word is None else finish_reason(word)
        if self._calls and (word is None or reason is FinishReason.STOP):
            reason = FinishReason.TOOL_CALLS
        elif self._has_refusal and not self._text.has_text and reason is FinishReason.STOP:
            reason = FinishReason.REFUSAL
        if self._hosted.finish(events):
            self._has_more = True
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
        text = self._text
        has_text = text.has_text or text.has_thoughts
        if not (has_text or self._has_refusal or self._has_more or self._calls):
            require_content(reason, continues=self._continues)
        if reason in INTERRUPTED:
            return
        require_arguments(are_json=self._calls.complete(events))
        text.require_format(reason)

    def _note_names(self, body: JsonObject) -> None:
        self._model_version = label_of(body.get("model"))
        self._answer_id = label_of(body.get("id"))

    def _read_message(
        self,
        message: JsonObject,
        logprobs: JsonObject | None,
        events: list[AnswerEvent],
        *,
        is_whole: bool,
    ) -> None:
        details = message.get("reasoning_details")
        if details:
            self._read_details(details, events)
        else:
            thought = message.get("reasoning_content") or message.get("reasoning")
            if thought and (text := part_text(thought)):
                self._think(ThoughtDelta(text=text), events)
        content: Any = message.get("content")
        if isinstance(content, str):
            if content or logprobs:
                self._read_text(content, logprobs, events)
        elif content:
            self._read_chunks(content, events)
        elif logprobs:
            self._read_text("", logprobs, events)
        calls = message.get("tool_calls") or _old_call(message)
        if calls:
            self._calls.read(_listed(calls), events, self._answer_id, are_whole=is_whole)
        if message.get("annotations") or message.get("citations"):
            self._citations.read_message(message, events)
        if "executed_tools" in message:
            self._hosted.read_message(message)
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
        tokens = read_logprobs(logprobs.get("content")) if logprobs else ()
        self._text.add(text, events, tokens)

    def _read_chunks(
        self, chunks: Sequence[JsonObject | str] | JsonObject, events: list[AnswerEvent]
    ) -> None:
        """Read content that is a list, as Mistral's thinking models write it, or one part."""
        for chunk in few([chunks] if isinstance(chunks, dict) else chunks):
            if isinstance(chunk, str):
                self._read_text(chunk, None, events)
                continue
            match chunk.get("type"):
                case "text" | "output_text":
                    self._read_text(chunk.get("text") or "", None, events)
                case "thinking" | "reasoning":
                    thought = part_text(chunk)
                    if thought:
                        self._think(ThoughtDelta(text=thought), events)
                case "tool_reference" | "document":
                    self._citations.read_message({"citations": [chunk]}, events)
                case _:
                    pass

    def _read_details(self, details: Sequence[JsonObject], events: list[AnswerEvent]) -> None:
        """Read thoughts with their proofs; a proof keeps all of a detail but its text."""
        for detail in few(objects_of(details)):
            text: str = detail.get("text") or detail.get("summary") or ""
            rest = {key: value for key, value in detail.items() if key not in {"text", "summary"}}
            proof = orjson.dumps(rest)
            if detail.get("data"):
                delta = ThoughtDelta(text=text, encrypted=proof, maker=self._maker)
            elif detail.get("signature"):
                delta = ThoughtDelta(text=text, signature=proof, maker=self._maker)
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
                    data=media_bytes(data),
                    transcript=transcript,
                )
            )

    def _read_images(self, images: Sequence[JsonObject], events: list[AnswerEvent]) -> None:
        """Read pictures; each comes whole."""
        for image in few(images):
            self._has_more = True
            events.append(picture_at(_address(image), index=self._pictures))
            self._pictures += 1


def _listed(calls: object) -> Sequence[JsonObject]:
    """Return calls as a list; some servers send a single one without it."""
    return cast("Sequence[JsonObject]", calls if isinstance(calls, list) else (calls,))


def _old_call(message: JsonObject) -> object:
    """Return the call of a message in the field that `tool_calls` has replaced."""
    called = object_of(message.get("function_call"))
    is_call = called.get("name") or called.get("arguments")
    return {"index": 0, "function": called} if is_call else None


def _address(image: object) -> object:
    """Return where a picture stands: gateways write a text, or its bytes as OpenAI's images do."""
    if not isinstance(image, dict):
        return image
    fields = cast("JsonObject", image)
    address = fields.get("image_url") or fields.get("url") or fields.get("b64_json")
    return cast("JsonObject", address).get("url") if isinstance(address, dict) else address


def _failed(failure_class: FailureClass, message: str) -> AttemptFailedError:
    return AttemptFailedError(Failure(failure_class=failure_class, message=message))
