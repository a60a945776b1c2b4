"""Reads one answer from `GenerateContentResponse`s: the chunks of a stream, or a whole body."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, cast

from routersvc.domain.conversation.answers import AnswerEvent, Finished
from routersvc.domain.conversation.deltas import MediaDelta, TextDelta, ThoughtDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.logprobs import AlternativeLogprob, TokenLogprob
from routersvc.domain.conversation.parts import Modality
from routersvc.domain.conversation.prefills import is_continuation
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.reasoning import ReasoningVisibility
from routersvc.domain.conversation.usage import Usage, UsageCounted
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.providers.formats.gemini.failures import failure_inside_answer
from routersvc.providers.formats.gemini.finish_reasons import (
    FAILED_REASONS,
    FINISH_REASONS,
    word_of,
)
from routersvc.providers.formats.gemini.grounding import Grounding
from routersvc.providers.formats.gemini.signatures import Place, encode_signature
from routersvc.providers.formats.gemini.spellings import camel_case
from routersvc.providers.formats.gemini.tool_calls import ToolCallReader
from routersvc.providers.formats.gemini.usage import read_usage
from routersvc.providers.reading.answer_start import started
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.reading.soundness import (
    INTERRUPTED,
    require_arguments,
    require_content,
    require_format,
)
from routersvc.providers.reading.whole_bodies import truncated
from routersvc.providers.wire_format import ResponseHead

_NOT_BLOCKED = frozenset({"BLOCK_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED"})
_KINDS = {"image": Modality.IMAGE, "audio": Modality.AUDIO, "video": Modality.VIDEO}


class AnswerReader:
    """The state of one answer while it is read. Unknown fields and parts are ignored.

    What Google's own code tool ran (`executableCode`)
    is such a part. What its tools found is cited.
    """

    def __init__(self, prompt: Prompt, head: ResponseHead) -> None:
        self._head = head
        self._hides_thoughts = prompt.reasoning.visibility is ReasoningVisibility.HIDDEN
        self._response_format = prompt.response_format
        self._continues = is_continuation(prompt)
        self._text: list[str] = []
        self._calls = ToolCallReader()
        self._grounding = Grounding()
        self._usage: Usage | None = None
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
        self.read_failure(chunk)
        self._start(chunk, events)
        for candidate in chunk.get("candidates") or ():
            if not candidate.get("index"):
                self._read_candidate(candidate, events)
        counted = read_usage(chunk.get("usageMetadata") or {})
        if counted is not None and counted != self._usage:
            self._usage = counted
            events.append(UsageCounted(usage=counted))

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
        reason = FINISH_REASONS.get(word, FinishReason.OTHER)
        if self._calls and reason is FinishReason.STOP:
            reason = FinishReason.TOOL_CALLS
        if not (self._has_content or self._calls):
            require_content(reason, continues=self._continues)
        if reason not in INTERRUPTED:
            require_arguments(are_json=self._calls.is_complete)
            if reason is FinishReason.STOP and self._response_format is not None:
                require_format("".join(self._text), self._response_format)
        self._grounding.finish(self._text, events)
        events.append(
            Finished(reason=reason, model_version=self._model_version, response_id=self._answer_id)
        )

    def _start(self, chunk: JsonObject, events: list[AnswerEvent]) -> None:
        self._model_version = self._model_version or chunk.get("modelVersion") or ""
        self._answer_id = self._answer_id or chunk.get("responseId") or ""
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
        logprobs = _read_logprobs(candidate.get("logprobsResult") or {})
        for part in content.get("parts") or ():
            if self._read_part(part, logprobs, events):
                logprobs = ()
        if logprobs:
            events.append(TextDelta(text="", logprobs=logprobs))
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
        place = Place.TEXT if "text" in part else None
        if "inlineData" in part:
            place = Place.MEDIA
            self._read_media(part["inlineData"], events)
        if text:
            self._has_content = True
            self._text.append(text)
            events.append(TextDelta(text=text, logprobs=logprobs))
        if signature and place is not None and not self._hides_thoughts:
            events.append(ThoughtDelta(signature=encode_signature(signature, place)))
        return bool(text)

    def _think(self, text: str, signature: str, events: list[AnswerEvent]) -> None:
        self._has_content = self._has_content or bool(text)
        if (text or signature) and not self._hides_thoughts:
            events.append(
                ThoughtDelta(
                    text=text, signature=encode_signature(signature, None) if signature else b""
                )
            )

    def _read_media(self, media: JsonObject, events: list[AnswerEvent]) -> None:
        media_type: str = media["mimeType"]
        modality = _KINDS.get(media_type.partition("/")[0], Modality.FILE)
        self._has_content = True
        events.append(
            MediaDelta(modality=modality, media_type=media_type, data=_decoded(media["data"]))
        )


def _is_block(feedback: JsonObject) -> bool:
    reason = feedback.get("blockReason")
    return bool(feedback.get("blockReasonMessage")) or bool(reason and reason not in _NOT_BLOCKED)


def _read_logprobs(result: JsonObject) -> tuple[TokenLogprob, ...]:
    tops: Sequence[JsonObject] = result.get("topCandidates") or ()
    return tuple(
        TokenLogprob(
            token=chosen["token"],
            logprob=chosen["logProbability"],
            alternatives=tuple(
                AlternativeLogprob(token=other["token"], logprob=other["logProbability"])
                for other in (tops[place] if place < len(tops) else {}).get("candidates") or ()
            ),
        )
        for place, chosen in enumerate(result.get("chosenCandidates") or ())
    )


def _decoded(data: Any) -> bytes:  # noqa: ANN401 - whatever a vendor sends
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise ValueError("media is not base64") from error


def _failed(failure_class: FailureClass, message: str) -> AttemptFailedError:
    return AttemptFailedError(Failure(failure_class=failure_class, message=message))
