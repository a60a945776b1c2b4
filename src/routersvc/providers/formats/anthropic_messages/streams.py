"""Reads an answer that comes as server-sent events: blocks that begin, grow and end."""

from __future__ import annotations

import dataclasses

import orjson

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.deltas import ToolCallDelta
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.providers.errors.classes import failure_of_event
from routersvc.providers.errors.envelopes import is_failure_report
from routersvc.providers.formats.anthropic_messages.answers import AnswerReader
from routersvc.providers.formats.anthropic_messages.citations import read_citations
from routersvc.providers.reading.json_values import JsonObject, json_object, read_json, text_of
from routersvc.providers.reading.sse import SseEvent
from routersvc.providers.reading.text_runs.text_runs import PlainText
from routersvc.providers.reading.whole_bodies import truncated
from routersvc.providers.wire_format import ResponseHead


@dataclasses.dataclass(kw_only=True, slots=True)
class _OpenBlock:
    """A block that has begun; `call` is its number where it is a tool call.

    `citations` are held until the block ends: only then is known which text they support.
    """

    block: JsonObject
    start: int
    call: int | None = None
    citations: list[object] = dataclasses.field(default_factory=list[object])
    pieces: list[str] = dataclasses.field(default_factory=list[str])


class EventReader:
    """Knows the events of a stream. Unknown kinds are ignored."""

    def __init__(self, reader: AnswerReader, head: ResponseHead) -> None:
        self.is_finished = False
        self._reader = reader
        self._head = head
        self._open: dict[int, _OpenBlock] = {}
        self._plain_text: PlainText | None = None

    @property
    def plain_text(self) -> PlainText | None:
        """The text of the event read last; `None` if it had, or changed, anything else."""
        return self._plain_text

    @property
    def may_end(self) -> bool:
        """Whether the stop reason has come and every block has ended."""
        return self._reader.has_finish_reason and not self._open

    def read_piece(self, piece: SseEvent, events: list[AnswerEvent]) -> None:
        """Append the events of one stream event.

        Raises:
            AttemptFailedError: it reports a failure, or ends an invalid answer.
        """
        self._plain_text = None
        if piece.data == b"[DONE]":
            # Gateways end streams of all formats so.
            self.end(events)
            return
        event: JsonObject = read_json(piece.data)
        kind = event.get("type")
        index = event.get("index") or 0
        if piece.name == b"error" or (kind in {None, "error"} and is_failure_report(event, "type")):
            self._reader.count(event.get("usage"), events)
            raise AttemptFailedError(failure_of_event(event, self._head))
        reader = self._reader
        match kind:
            case "message_start":
                message: JsonObject = event["message"]
                reader.start(message, events)
                reader.count(message.get("usage"), events)
            case "content_block_start":
                self._begin(index, event["content_block"], events)
            case "content_block_delta":
                if index not in self._open:
                    # Some servers do not announce blocks of text.
                    self._begin(index, {"type": "text"}, events)
                self._grow(self._open[index], event["delta"], events)
            case "content_block_stop":
                ended = self._open.pop(index, None)
                if ended is not None:
                    self._end(ended, events)
            case "message_delta":
                reader.read_end(event["delta"], events)
                reader.count(event.get("usage"), events)
            case "message_stop":
                self.is_finished = True
                for block in self._open.values():
                    self._end(block, events)
                reader.finish(events)
            case _:
                pass

    def add_texts(self, text: str, events: list[AnswerEvent], *, pieces: int) -> None:
        """Append the joined texts of events that arrived together."""
        self._reader.read_text(text, events, pieces=pieces)

    def end(self, events: list[AnswerEvent]) -> None:
        """Append the last events of a stream that ended without `message_stop`.

        Raises:
            AttemptFailedError: the answer is not complete.
        """
        if not self.may_end:
            raise truncated("the answer ended without its terminator")
        self.is_finished = True
        self._reader.finish(events)

    def _begin(self, index: int, block: JsonObject, events: list[AnswerEvent]) -> None:
        opened = self._open[index] = _OpenBlock(block=block, start=self._reader.characters)
        match block["type"]:
            case "text" | "thinking" | "redacted_thinking":
                self._reader.read_block(block, events)
            case "tool_use":
                opened.call = self._reader.read_call(block, events)
            case _:
                pass

    def _grow(self, opened: _OpenBlock, delta: JsonObject, events: list[AnswerEvent]) -> None:
        match delta["type"]:
            case "text_delta":
                text = delta["text"]
                self._reader.read_text(text, events)
                if isinstance(text, str) and text:
                    self._plain_text = PlainText(text)
            case "thinking_delta":
                self._reader.think(delta["thinking"], events)
            case "signature_delta":
                self._reader.sign(delta["signature"], events)
            case "citations_delta":
                opened.citations.append(delta.get("citation"))
            case "input_json_delta":
                written = delta["partial_json"]
                whole = isinstance(written, dict)
                piece = orjson.dumps(written).decode() if whole else text_of(written)
                opened.pieces.append(piece)
                if opened.call is not None and piece:
                    events.append(ToolCallDelta(index=opened.call, arguments_json=piece))
            case _:
                pass

    def _end(self, opened: _OpenBlock, events: list[AnswerEvent]) -> None:
        block, written = opened.block, "".join(opened.pieces)
        if opened.call is not None:
            if not written.strip() and block.get("input"):
                self._reader.end_call(opened.call, block["input"], events)
            else:
                self._reader.check_arguments(opened.call, written, events)
        elif block["type"] not in {"text", "thinking", "redacted_thinking"}:
            arguments = json_object(written)
            if arguments is not None:
                block["input"] = arguments
            self._reader.read_block(block, events)
        elif opened.citations:
            read_citations(opened.citations, opened.start, self._reader.characters, events)
