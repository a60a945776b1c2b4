"""Turns the bytes of a stream of chunks into events."""

from __future__ import annotations

import orjson

from routersvc.domain.answers import AnswerEvent
from routersvc.domain.failures import AttemptFailedError, Failure
from routersvc.engine.ports import AttemptCall
from routersvc.providers.error_classes import failure_of_event
from routersvc.providers.json_values import JsonObject
from routersvc.providers.openai_chat.answers import AnswerReader
from routersvc.providers.openai_chat.dialects import OpenAiDialect
from routersvc.providers.sse import EventTooLargeError, SseDecoder
from routersvc.providers.whole_bodies import MALFORMED, server_error, truncated
from routersvc.providers.wire_format import ResponseHead


class StreamDecoder:
    """Reads an answer that comes as server-sent events."""

    def __init__(self, call: AttemptCall, dialect: OpenAiDialect, head: ResponseHead) -> None:
        self.failure: Failure | None = None
        self._head = head
        self._dialect = dialect
        self._events = SseDecoder()
        self._reader = AnswerReader(call.prompt, dialect, head)
        self._finished = False

    def feed(self, data: bytes) -> list[AnswerEvent]:
        """Return the events that `data` completes."""
        events: list[AnswerEvent] = []
        if self.failure is None and not self._finished:
            try:
                self._read(data, events)
            except AttemptFailedError as error:
                self.failure = error.failure
            except EventTooLargeError as error:
                self.failure = server_error(str(error))
            except MALFORMED:
                self.failure = server_error("a chunk of the answer cannot be read")
        return events

    def end(self) -> list[AnswerEvent]:
        """Return the last events of a stream that has ended in good order.

        Raises:
            AttemptFailedError: the answer is not complete.
        """
        if self.failure is not None:
            raise AttemptFailedError(self.failure)
        events: list[AnswerEvent] = []
        if not self._finished:
            if self._dialect.terminator_required or not self._reader.has_finish_reason:
                raise truncated("the answer ended without its terminator")
            self._finished = True
            self._reader.finish(events)
        return events

    def _read(self, data: bytes, events: list[AnswerEvent]) -> None:
        reader = self._reader
        for name, payload in self._events.feed(data):
            if payload == b"[DONE]":
                self._finished = True
                reader.finish(events)
                return
            if not payload:
                continue
            chunk: JsonObject = orjson.loads(payload)
            if chunk.get("error") or name == b"error" or chunk.get("object") == "error":
                raise AttemptFailedError(failure_of_event(chunk, self._head))
            reader.read(chunk, "delta", events)
