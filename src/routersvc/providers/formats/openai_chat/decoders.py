"""Turns the events of a stream of chunks into those of the contract.

A stream is complete with `[DONE]`, or with a finish reason and the end of the body: many servers
send no `[DONE]`.
"""

from __future__ import annotations

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.providers.errors.envelopes import is_failure_report
from routersvc.providers.formats.openai_chat.answers import AnswerReader
from routersvc.providers.reading.json_values import JsonObject, read_json
from routersvc.providers.reading.sse import SseEvent
from routersvc.providers.reading.text_runs.text_runs import PlainText
from routersvc.providers.reading.whole_bodies import truncated
from routersvc.providers.wire_format import ResponseHead

_TOLD_BESIDE = frozenset({"base_resp", "error", "type"})
"""Fields beside choices in which an error may be told."""


class ChunkReader:
    """Reads the chunks of an answer up to the terminator `[DONE]`."""

    def __init__(self, reader: AnswerReader, head: ResponseHead) -> None:
        self.is_finished = False
        self._head = head
        self._reader = reader
        self._chunk: JsonObject = {}
        self._is_named = False

    @property
    def may_end(self) -> bool:
        """Whether the last chunk with content had the finish reason."""
        return self._reader.may_end

    def read_piece(self, piece: SseEvent, events: list[AnswerEvent]) -> None:
        """Append the events of a chunk.

        Raises:
            AttemptFailedError: it is an error, or ends an invalid answer.
        """
        name, payload = piece
        self._chunk = {}
        self._is_named = bool(name)
        if payload == b"[DONE]" or _is_quoted_end(payload):
            self._reader.finish(events)
            self.is_finished = True
            return
        if not payload:
            return
        chunk: JsonObject = read_json(payload)
        is_usual = chunk.get("choices") and not name and _TOLD_BESIDE.isdisjoint(chunk)
        if not is_usual and (name == b"error" or is_failure_report(chunk, "choices")):
            self._reader.count(chunk, events)
            raise AttemptFailedError(self._reader.failure_in(chunk))
        self._reader.read(chunk, "delta", events)
        self._chunk = chunk

    @property
    def plain_text(self) -> PlainText | None:
        """The text of the chunk read last; `None` if it had, or changed, anything else."""
        chunk = self._chunk
        text = "" if self._is_named else self._reader.plain_text_of(chunk)
        if not text:
            return None
        noise = chunk.get("obfuscation")
        return PlainText(text, noise if isinstance(noise, str) else "")

    def add_texts(self, text: str, events: list[AnswerEvent], *, pieces: int) -> None:
        """Append the joined texts of chunks that arrived together."""
        self._reader.add_texts(text, events, pieces=pieces)

    def end(self, events: list[AnswerEvent]) -> None:
        """Append the last events of a stream that ended without its terminator.

        Raises:
            AttemptFailedError: the answer is not complete.
        """
        if not self._reader.has_finish_reason:
            raise truncated("the answer ended without a finish reason and without its terminator")
        self.is_finished = True
        self._reader.finish(events)


def _is_quoted_end(payload: bytes) -> bool:
    """Return whether this is the terminator, from a server that quotes or indents it."""
    return payload[:1] in {b'"', b" "} and payload.strip(b' "') == b"[DONE]"
