"""Reads one answer from `GenerateContentResponse`s: the chunks of a stream, or a whole body."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from routersvc.domain.conversation.answers import AnswerEvent, Finished
from routersvc.domain.conversation.deltas import HostedDelta, MediaDelta, ThoughtDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.logprobs import AlternativeLogprob, TokenLogprob
from routersvc.domain.conversation.parts import Modality
from routersvc.domain.conversation.prefills import is_continuation
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.reasoning import ReasoningVisibility
from routersvc.domain.conversation.usage import UsageCounted
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.providers.formats.gemini.failures import failure_inside_answer
from routersvc.providers.formats.gemini.finish_reasons import (
    FAILED_REASONS,
    FINISH_REASONS,
    UNSPECIFIED,
    word_of,
)
from routersvc.providers.formats.gemini.grounding import Grounding
from routersvc.providers.formats.gemini.hosted_activities import activity_of
from routersvc.providers.formats.gemini.signatures import Place, encode_signature
from routersvc.providers.formats.gemini.spellings import camel_case
from routersvc.providers.formats.gemini.tool_calls import ToolCallReader
from routersvc.providers.formats.gemini.usage import read_usage
from routersvc.providers.reading.answer_limits import few
from routersvc.providers.reading.answer_start import started
from routersvc.providers.reading.answer_texts import AnswerText
from routersvc.providers.reading.json_values import JsonObject, object_of
from routersvc.providers.reading.labels import label_of
from routersvc.providers.reading.media import media_bytes
from routersvc.providers.reading.soundness import INTERRUPTED, require_arguments, require_content
from routersvc.providers.reading.token_logprobs import logprob_of
from routersvc.providers.reading.whole_bodies import truncated
from routersvc.providers.wire_format import ResponseHead

_NOT_BLOCKED = frozenset({"BLOCK_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED"})
_KINDS = {"image": Modality.IMAGE, "audio": Modality.AUDIO, "video": Modality.VIDEO}


class AnswerReader:
    """The state of one answer while it is read. Unknown fields and parts are ignored."""

    def __init__(self, prompt: Prompt, head: ResponseHead, *, maker: str = "") -> None:
        self._head = head
        self._maker = maker
        self._hides_thoughts = prompt.reasoning.visibility is ReasoningVisibility.HIDDEN
        self._continues = is_continuation(prompt)
        self._text = AnswerText(prompt, keeps=True)
        self._calls = ToolCallReader(prompt, maker)
        self._grounding = Grounding(maker)
        self._pictures = 0
        self._usage: UsageCounted | None = None
        self._started = False
        self._has_content = False
        self._reason: str | None = None
        self._had_chunk_without_reason = False
        self._model_version = ""
        self._answer_id = ""

    @property
    def has_finish_reason(self) -> bool:
        """Whether a finish reason has arrived."""
        return self._reason is not None

    @property
    def ends_with_finish_reason(self) -> bool:
        """Whether the finish reason has arrived, after chunks without one.

        Some models of Google state `STOP` in every chunk, from the first on.
        """
        return self._reason is not None and self._had_chunk_without_reason

    def read_body(self, body: JsonObject, events: list[AnswerEvent]) -> None:
        """Append the events of a complete body, which may be the list of all chunks.

        Raises:
            AttemptFailedError: the body reports a failure.
        """
        value: object = body
        chunks = cast("Sequence[JsonObject]", value) if isinstance(value, list) else (body,)
        for chunk in chunks:
            self.read(chunk, events)

    def read(self, chunk: JsonObject, events: list[AnswerEvent]) -> None:
        """Append the events of one chunk.

        Raises:
            AttemptFailedError: the chunk is an error, or the prompt was blocked.
        """
        chunk = camel_case(chunk)
        try:
            self.read_failure(chunk)
            self._start(chunk, events)
            for candidate in chunk.get("candidates") or ():
                if not candidate.get("index"):
                    self._read_candidate(candidate, events)
        finally:
            self._count(chunk.get("usageMetadata"), events)

    def _count(self, usage: object, events: list[AnswerEvent]) -> None:
        """Append what was counted, where it is more than before."""
        counted = read_usage(object_of(usage)) if usage else None
        if counted is not None and counted != self._usage:
            self._usage = counted
            events.append(counted)

    def read_failure(self, chunk: JsonObject) -> None:
        """Raise the failure that a chunk reports instead of an answer.

        Raises:
            AttemptFailedError: the chunk is an error, or the prompt was blocked.
        """
        if chunk.get("error"):
            raise AttemptFailedError(failure_inside_answer(chunk, self._head))
        if not chunk.get("candidates") and _is_block(chunk.get("promptFeedback") or {}):
            raise _failed(FailureClass.CONTENT_FILTERED, "the provider's filter blocked the prompt")

    def finish(self, events: list[AnswerEvent]) -> None:
        """Append `Finished`, the last event.

        Raises:
            AttemptFailedError: the answer is incomplete or invalid.
        """
        word = self._reason
        if word is None:
            raise truncated("the answer ended without a finish reason")
        if word in FAILED_REASONS:
            raise _failed(*FAILED_REASONS[word])
        text = self._text
        text.end(events)
        reason = FINISH_REASONS.get(word, FinishReason.OTHER)
        if self._calls and (reason is FinishReason.STOP or word == UNSPECIFIED):
            reason = FinishReason.TOOL_CALLS
        if not (self._has_content or self._calls or text.has_text or text.has_thoughts):
            require_content(reason, continues=self._continues)
        if reason not in INTERRUPTED:
            require_arguments(are_json=self._calls.is_complete)
            text.require_format(reason)
        self._grounding.finish(text.whole, events)
        events.append(
            Finished(reason=reason, model_version=self._model_version, response_id=self._answer_id)
        )

    def _start(self, chunk: JsonObject, events: list[AnswerEvent]) -> None:
        self._model_version = self._model_version or label_of(chunk.get("modelVersion"))
        self._answer_id = self._answer_id or label_of(chunk.get("responseId"))
        if not self._started:
            self._started = True
            events.append(
                started(
                    self._head,
                    model_version=self._model_version,
                    response_id=self._answer_id,
                )
            )

    def _read_candidate(self, candidate: JsonObject, events: list[AnswerEvent]) -> None:
        content: JsonObject = candidate.get("content") or {}
        result = candidate.get("logprobsResult")
        logprobs = _read_logprobs(result) if result else ()
        for part in few(content.get("parts") or ()):
            if self._read_part(part, logprobs, events):
                logprobs = ()
        if logprobs:
            self._text.add("", events, logprobs)
        self._grounding.read(candidate)
        reason = candidate.get("finishReason")
        if reason:
            self._reason = word_of(reason)
        elif self._reason is None:
            self._had_chunk_without_reason = True

    def _read_part(
        self, part: JsonObject, logprobs: tuple[TokenLogprob, ...], events: list[AnswerEvent]
    ) -> bool:
        """Append the events of a part; return whether it has carried the log probabilities."""
        signature: str = part.get("thoughtSignature") or ""
        text: str = part.get("text") or ""
        if part.get("thought"):
            self._think(text, signature, events)
            return False
        if "functionCall" in part:
            self._calls.read(part["functionCall"] or {}, signature, self._answer_id, events)
            return False
        activity = activity_of(part, self._maker)
        if activity is not None:
            self._has_content = True
            events.append(HostedDelta(activity=activity))
            return False
        place = Place.TEXT if "text" in part else None
        if "inlineData" in part:
            place = Place.MEDIA
            self._read_media(part["inlineData"], events)
        if text:
            self._text.add(text, events, logprobs)
        if signature and place is not None and not self._hides_thoughts:
            events.append(
                ThoughtDelta(signature=encode_signature(signature, place), maker=self._maker)
            )
        return bool(text)

    def _think(self, text: str, signature: str, events: list[AnswerEvent]) -> None:
        self._has_content = self._has_content or bool(text)
        if (text or signature) and not self._hides_thoughts:
            events.append(
                ThoughtDelta(
                    text=text,
                    signature=encode_signature(signature, None) if signature else b"",
                    maker=self._maker if signature else "",
                )
            )

    def _read_media(self, media: JsonObject, events: list[AnswerEvent]) -> None:
        media_type = label_of(media["mimeType"])
        modality = _KINDS.get(media_type.partition("/")[0], Modality.FILE)
        self._has_content = True
        events.append(
            MediaDelta(
                modality=modality,
                media_type=media_type,
                data=media_bytes(media["data"]),
                # Sound comes in pieces; anything else comes whole.
                index=0 if modality is Modality.AUDIO else self._pictures,
            )
        )
        self._pictures += 1


def _is_block(feedback: JsonObject) -> bool:
    reason = feedback.get("blockReason")
    return bool(feedback.get("blockReasonMessage")) or bool(reason and reason not in _NOT_BLOCKED)


def _read_logprobs(result: object) -> tuple[TokenLogprob, ...]:
    """Return the log probabilities of a piece; skip what is no token."""
    fields = object_of(result)
    tops = _list_in(fields.get("topCandidates"))
    return tuple(
        TokenLogprob(
            token=chosen["token"],
            logprob=logprob_of(chosen.get("logProbability")),
            alternatives=tuple(
                AlternativeLogprob(
                    token=other["token"], logprob=logprob_of(other.get("logProbability"))
                )
                for other in _list_in(
                    object_of(tops[place] if place < len(tops) else {}).get("candidates")
                )
                if isinstance(object_of(other).get("token"), str)
            ),
        )
        for place, chosen in enumerate(_list_in(fields.get("chosenCandidates")))
        if isinstance(object_of(chosen).get("token"), str)
    )


def _list_in(value: object) -> Sequence[JsonObject]:
    return cast("Sequence[JsonObject]", value) if isinstance(value, list) else ()


def _failed(failure_class: FailureClass, message: str) -> AttemptFailedError:
    return AttemptFailedError(Failure(failure_class=failure_class, message=message))
