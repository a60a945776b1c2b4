"""Reads server-sent events most of which carry nothing but a piece of text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.outcomes.failures import Failure
from routersvc.providers.reading.sse import DEFAULT_MAX_EVENT_BYTES, SseDecoder, SseEvent
from routersvc.providers.reading.streams import PieceReader, StreamDecoder
from routersvc.providers.reading.text_runs.text_runs import PlainText, TextRun, end_of_frame

_MOST_OTHERS = 4
"""Events without plain text that are read one by one in search of one to learn."""


class TextReader(PieceReader[SseEvent], Protocol):
    """A reader that knows which events it could have read together."""

    @property
    def plain_text(self) -> PlainText | None:
        """The text of the event read last; `None` if it had, or changed, anything else."""
        ...

    def add_texts(self, text: str, events: list[AnswerEvent], *, pieces: int) -> None:
        """Append the joined texts of events that differ from that one in their text only."""
        ...


class TextStreamDecoder(StreamDecoder[SseEvent]):
    """A stream decoder that reads events together where they differ in their text only.

    The events are the same as if each were read by itself, but that texts which arrived together
    are one event.
    """

    def __init__(
        self, reader: TextReader, *, failure_in: Callable[[bytes], Failure | None] | None = None
    ) -> None:
        self._events = SseDecoder()
        self._texts = reader
        self._run = TextRun()
        super().__init__(self._events, reader, failure_in=failure_in)

    def _read(self, data: bytes, events: list[AnswerEvent]) -> None:
        run = self._run
        others = 0
        while data:
            if self._events.is_between_events and run.expects:
                found = run.find(data) if len(data) <= DEFAULT_MAX_EVENT_BYTES else None
                if found is not None:
                    self._texts.add_texts(found.text, events, pieces=found.pieces)
                    data = data[found.size :]
                    continue
            searches = others < _MOST_OTHERS and (run.expects or run.learns)
            end = end_of_frame(data) if searches else 0
            frame, data = (data[:end], data[end:]) if end else (data, b"")
            if self._read_frame(frame, events, is_whole=end > 0):
                return
            others = 0 if run.expects else others + 1

    def _read_frame(self, frame: bytes, events: list[AnswerEvent], *, is_whole: bool) -> bool:
        """Read what is no run, and learn from it; return whether the answer has ended."""
        reader = self._texts
        is_whole = is_whole and self._events.is_between_events
        pieces = self._events.feed(frame)
        for piece in pieces:
            reader.read_piece(piece, events)
            if reader.is_finished:
                return True
        if pieces:
            plain = reader.plain_text
            if plain is None:
                self._run.forget()
            elif is_whole and len(pieces) == 1 and self._run.learns:
                self._run.learn(frame, plain)
        return False
