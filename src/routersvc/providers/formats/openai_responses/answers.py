"""Reads one answer: from the events of a stream or from a complete response."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.conversation.answers import AnswerEvent, Finished
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.prefills import is_continuation
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.reasoning import ReasoningVisibility
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.providers.errors.classes import failure_of_event
from routersvc.providers.errors.envelopes import is_failure_report
from routersvc.providers.formats.openai_responses.dialects import ResponsesDialect
from routersvc.providers.formats.openai_responses.output_items import ItemReader
from routersvc.providers.formats.openai_responses.usage import read_usage
from routersvc.providers.reading.answer_limits import few
from routersvc.providers.reading.answer_start import started
from routersvc.providers.reading.answer_texts import AnswerText
from routersvc.providers.reading.call_ids import CallIds
from routersvc.providers.reading.json_values import JsonObject, object_of, objects_of, read_json
from routersvc.providers.reading.labels import label_of
from routersvc.providers.reading.soundness import INTERRUPTED, require_arguments, require_content
from routersvc.providers.reading.sse import SseEvent
from routersvc.providers.reading.streams import TerminatedReader
from routersvc.providers.reading.whole_bodies import truncated
from routersvc.providers.wire_format import ResponseHead

INCOMPLETE_REASONS: Mapping[str, FinishReason] = MappingProxyType(
    {
        "max_output_tokens": FinishReason.LENGTH,
        "max_tokens": FinishReason.LENGTH,
        "length": FinishReason.LENGTH,
        "content_filter": FinishReason.CONTENT_FILTER,
    }
)
"""Why an answer is `incomplete`. Any other value means `FinishReason.OTHER`."""

_TERMINATORS = frozenset({"response.completed", "response.done", "response.incomplete"})
_UNFINISHED = frozenset({"in_progress", "queued", "cancelled"})
_FAILURES = frozenset({"error", "response.failed", "response.error", "response.cancelled"})


class AnswerReader(TerminatedReader):
    """The state of one answer while it is read. Unknown events and nulls are ignored.

    The event that tells how an answer ended also is its terminator.

    Unexpected shapes raise `TypeError`, `AttributeError`, `KeyError` or `ValueError`: the caller
    treats the body as malformed.
    """

    def __init__(
        self, prompt: Prompt, dialect: ResponsesDialect, head: ResponseHead, *, maker: str = ""
    ) -> None:
        self._head = head
        self._continues = is_continuation(prompt)
        self._text = AnswerText(prompt)
        self._items = ItemReader(
            text=self._text,
            call_ids=CallIds(prompt),
            hides_thoughts=prompt.reasoning.visibility is ReasoningVisibility.HIDDEN,
            wants_logprobs=prompt.logprobs is not None,
            maker=maker,
            hosted_custom_calls=dialect.hosted_custom_calls,
        )
        self._started = False
        self._finished = False
        self._status = ""
        self._incomplete_reason = ""
        self._model_version = ""
        self._answer_id = ""
        self.may_end = False

    @property
    def is_finished(self) -> bool:
        """Whether the event with the whole response has come. Some vendors send `[DONE]` after."""
        return self._finished

    def read_piece(self, piece: SseEvent, events: list[AnswerEvent]) -> None:
        """Append the events of one stream event.

        Raises:
            AttemptFailedError: it reports a failure, or ends an invalid answer.
        """
        if not piece.data or piece.data == b"[DONE]":
            return
        event: JsonObject = read_json(piece.data)
        kind: str = event.get("type") or piece.name.decode("ascii", "replace")
        if kind in _FAILURES or (not kind and is_failure_report(event, "response")):
            self._count(object_of(event.get("response")) or event, events)
            raise AttemptFailedError(failure_of_event(_error_in(event), self._head))
        response = object_of(event.get("response"))
        self._start(response, events)
        if kind in _TERMINATORS:
            self._end(response, events)
            self._finished = True
            self.finish(events)
        else:
            self._read_piece(kind, event, events)

    def read_body(self, body: JsonObject, events: list[AnswerEvent]) -> None:
        """Append the events of a complete response.

        Raises:
            AttemptFailedError: the response is an error, or reports one.
        """
        status = body.get("status")
        if status == "failed" or is_failure_report(body, "output"):
            self._count(body, events)
            raise AttemptFailedError(failure_of_event(_error_in(body), self._head))
        if status in _UNFINISHED:
            self._count(body, events)
            raise truncated("the answer is not complete")
        body["output"]  # a body without it is no response
        self._start(body, events)
        self._end(body, events)

    def finish(self, events: list[AnswerEvent]) -> None:
        """Append `Finished`, the last event.

        Raises:
            AttemptFailedError: the answer is incomplete or invalid.
        """
        self._text.end(events)
        reason = self._reason()
        items = self._items
        text = self._text
        has_text = text.has_text or text.has_thoughts
        if not (has_text or items.has_refusal or items.has_more or items.has_calls):
            require_content(reason, continues=self._continues)
        if reason not in INTERRUPTED:
            require_arguments(are_json=items.arguments_are_json)
            text.require_format(reason)
        events.append(
            Finished(reason=reason, model_version=self._model_version, response_id=self._answer_id)
        )

    def _reason(self) -> FinishReason:
        items = self._items
        if self._status == "incomplete":
            return INCOMPLETE_REASONS.get(self._incomplete_reason, FinishReason.OTHER)
        if items.has_calls:
            return FinishReason.TOOL_CALLS
        if items.has_refusal and not self._text.has_text:
            return FinishReason.REFUSAL
        if items.awaits_approval:
            return FinishReason.OTHER
        return FinishReason.STOP

    def _start(self, response: JsonObject, events: list[AnswerEvent]) -> None:
        if response:
            self._model_version = label_of(response.get("model")) or self._model_version
            self._answer_id = label_of(response.get("id")) or self._answer_id
        if not self._started:
            self._started = True
            events.append(
                started(
                    self._head,
                    model_version=self._model_version,
                    response_id=self._answer_id,
                )
            )

    def _read_piece(self, kind: str, event: JsonObject, events: list[AnswerEvent]) -> None:
        items = self._items
        number: int = event.get("output_index") or 0
        part: int = event.get("content_index") or 0
        match kind:
            case "response.output_text.delta":
                items.text(number, part, event["delta"], event.get("logprobs"), events)
            case "response.function_call_arguments.delta":
                items.argument(number, event["delta"], events)
            case "response.reasoning_summary_text.delta":
                place: int = event.get("summary_index") or 0
                items.thought(number, "summary", place, event["delta"], events)
            case "response.reasoning_text.delta":
                items.thought(number, "content", part, event["delta"], events)
            case "response.refusal.delta":
                items.refusal(number, part, event["delta"], events)
            case "response.output_item.added":
                items.open(number, event["item"], events)
            case "response.output_item.done":
                items.close(number, event["item"], events)
            case "response.output_text.done":
                rest = items.rest(number, "text", part, event.get("text") or "")
                items.text(number, part, rest, None, events)
            case "response.output_text.annotation.added":
                items.annotate(number, part, event.get("annotation"), events)
            case "response.refusal.done":
                rest = items.rest(number, "refusal", part, event.get("refusal") or "")
                items.refusal(number, part, rest, events)
            case "response.function_call_arguments.done":
                rest = items.rest(number, "arguments", 0, event.get("arguments") or "")
                items.argument(number, rest, events)
            case _:
                pass

    def _end(self, response: JsonObject, events: list[AnswerEvent]) -> None:
        try:
            items = objects_of(response.get("output"))
            self._items.close_all(few(items), events)
            self._items.end_calls(events)
        finally:
            self._count(response, events)
        self._status = label_of(response.get("status"))
        details = object_of(response.get("incomplete_details"))
        self._incomplete_reason = label_of(details.get("reason"))

    def _count(self, response: JsonObject, events: list[AnswerEvent]) -> None:
        """Append what was counted."""
        counted = read_usage(object_of(response.get("usage")))
        if counted is not None:
            events.append(counted)


def _error_in(event: JsonObject) -> JsonObject:
    """Return the error in an event or a response, which may hold it at three depths."""
    response: JsonObject = event.get("response") or event
    error = response.get("error")
    if error:
        return {"error": error}
    return {key: value for key, value in event.items() if key not in {"response", "type"}}
