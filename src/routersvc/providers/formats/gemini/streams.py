"""Reads a stream of chunks: server-sent events without a terminator.

Google ends a stream by closing it. The end counts as complete once a finish reason has arrived and
no event is unfinished; an error stands between the events as bare JSON.
"""

from __future__ import annotations

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.providers.formats.gemini.answers import AnswerReader
from routersvc.providers.formats.gemini.failures import failure_inside_answer
from routersvc.providers.reading.json_values import JsonObject, json_object, read_json
from routersvc.providers.reading.sse import SseDecoder, SseEvent
from routersvc.providers.reading.whole_bodies import truncated
from routersvc.providers.wire_format import ResponseHead


class ChunkReader:
    """Reads the events of `splitter` and the end of the stream."""

    is_finished = False

    def __init__(self, reader: AnswerReader, splitter: SseDecoder, head: ResponseHead) -> None:
        self._reader = reader
        self._splitter = splitter
        self._head = head

    @property
    def may_end(self) -> bool:
        """Whether a finish reason has come and no event or error is unfinished."""
        splitter = self._splitter
        return (
            self._reader.ends_with_finish_reason
            and not splitter.foreign
            and splitter.unfinished is None
        )

    def read_piece(self, piece: SseEvent, events: list[AnswerEvent]) -> None:
        """Append the events of a chunk.

        Raises:
            AttemptFailedError: the chunk reports a failure.
        """
        # Gateways end streams of all formats with `[DONE]`.
        if piece.data and piece.data != b"[DONE]":
            chunk: JsonObject = read_json(piece.data)
            # Errors may come as a list of one.
            read = self._reader.read_body if chunk else self._reader.read
            read(chunk, events)

    def end(self, events: list[AnswerEvent]) -> None:
        """Append `Finished`, unless the stream ended within an event.

        Raises:
            AttemptFailedError: it does, or the stream ended with an error.
        """
        rest = self._splitter.unfinished
        foreign = self._splitter.foreign
        if foreign:
            raise AttemptFailedError(
                failure_inside_answer(_object_in(foreign + (rest or b"")), self._head)
            )
        if rest is not None:
            self._reader.read_failure(_object_in(rest))
            raise truncated("the answer was cut in the middle of an event")
        if not self._reader.has_finish_reason:
            raise truncated("the answer ended without a finish reason")
        self._reader.finish(events)


def _object_in(data: bytes) -> JsonObject:
    """Return the JSON object in `data`, an empty one if there is none."""
    return json_object(data) or {}
