"""Turns the bytes of a stream of Responses events into the events of an answer."""

from __future__ import annotations

import orjson

from routersvc.domain.answers import AnswerEvent
from routersvc.domain.failures import AttemptFailedError, Failure
from routersvc.providers.json_values import JsonObject
from routersvc.providers.openai_responses.answers import AnswerReader
from routersvc.providers.sse import EventTooLargeError, SseDecoder
from routersvc.providers.whole_bodies import MALFORMED, server_error, truncated


class StreamDecoder:
    """Reads an answer that comes as server-sent events.

    Its terminator is the event that holds the whole response; some vendors send `[DONE]` after it.
    """

    def __init__(self, reader: AnswerReader) -> None:
        self.failure: Failure | None = None
        self._events = SseDecoder()
        self._reader = reader
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
                self.failure = server_error("an event of the answer cannot be read")
        return events

    def end(self) -> list[AnswerEvent]:
        """Return the last events, of which there are none: the terminator has brought them.

        Raises:
            AttemptFailedError: the answer is not complete.
        """
        if self.failure is not None:
            raise AttemptFailedError(self.failure)
        if not self._finished:
            raise truncated("the answer ended without its terminator")
        return []

    def _read(self, data: bytes, events: list[AnswerEvent]) -> None:
        for name, payload in self._events.feed(data):
            if not payload or payload == b"[DONE]":
                continue
            event: JsonObject = orjson.loads(payload)
            kind: str = event.get("type") or name.decode("ascii", "replace")
            if self._reader.read_event(kind, event, events):
                self._finished = True
                self._reader.finish(events)
                return
