"""Reads a stream of chunks: server-sent events without a terminator.

Google ends a stream by ending it. So an orderly end counts once a finish reason has come and no
event has been cut; an error stands between the events as bare JSON.
"""

from __future__ import annotations

from typing import cast

import orjson

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.providers.formats.gemini.answers import AnswerReader
from routersvc.providers.formats.gemini.failures import failure_inside_answer
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.reading.sse import SseDecoder, SseEvent
from routersvc.providers.reading.whole_bodies import truncated
from routersvc.providers.wire_format import ResponseHead


class ChunkReader:
    """Knows what the events of `splitter` say, and what it means where they end."""

    is_finished = False

    def __init__(self, reader: AnswerReader, splitter: SseDecoder, head: ResponseHead) -> None:
        self._reader = reader
        self._splitter = splitter
        self._head = head

    def read_piece(self, piece: SseEvent, events: list[AnswerEvent]) -> None:
        """Append the events of a chunk.

        Raises:
            AttemptFailedError: the chunk says that the answer failed.
        """
        if piece.data:
            self._reader.read(orjson.loads(piece.data), events)

    def end(self, events: list[AnswerEvent]) -> None:
        """Append `Finished`, unless the end cuts something off.

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
    """Return the object that `data` holds, an empty one where it holds none."""
    try:
        value: object = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return cast("JsonObject", value) if isinstance(value, dict) else {}
