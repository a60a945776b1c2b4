"""Reads an answer that comes as an event stream: blocks that begin, grow and end.

    messageStart, (contentBlockStart?, contentBlockDelta…, contentBlockStop)…, messageStop, metadata

Only tools and images announce their blocks. An answer is complete with `messageStop` and
`metadata`, which holds the usage, in either order, or with `messageStop` and the end of the body.
An exception is a message like the others; the status is 200 all the same.
"""

from __future__ import annotations

import dataclasses

import orjson

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.deltas import ToolCallDelta
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.providers.errors.classes import failure_of_event
from routersvc.providers.formats.bedrock_converse.answers import AnswerReader
from routersvc.providers.formats.bedrock_converse.citations import read_citations
from routersvc.providers.formats.bedrock_converse.frames import Frame, FrameKind
from routersvc.providers.reading.json_values import JsonObject, json_object, read_json, text_of
from routersvc.providers.reading.media import media_bytes
from routersvc.providers.reading.whole_bodies import server_error, truncated
from routersvc.providers.wire_format import ResponseHead


@dataclasses.dataclass(kw_only=True, slots=True)
class _OpenBlock:
    """A block that has begun; `call` is its number where it is a tool call."""

    start: JsonObject
    call: int | None = None
    picture: int | None = None
    pieces: list[str] = dataclasses.field(default_factory=list[str])
    results: list[JsonObject] = dataclasses.field(default_factory=list[JsonObject])


class FrameReader:
    """Knows the messages of a stream. Unknown kinds are ignored."""

    def __init__(self, reader: AnswerReader, head: ResponseHead) -> None:
        self.is_finished = False
        self._reader = reader
        self._head = head
        self._has_started = False
        self._missing = {"messageStop", "metadata"}
        self._open: dict[int, _OpenBlock] = {}
        self._cited: list[object] = []
        self._block_start = 0

    @property
    def may_end(self) -> bool:
        """Whether `messageStop` has come with its reason and every block has ended."""
        return self._reader.has_finish_reason and not self._open

    def read_piece(self, piece: Frame, events: list[AnswerEvent]) -> None:
        """Append the events of a message.

        Raises:
            AttemptFailedError: it reports a failure, or ends an invalid answer.
        """
        match piece.kind:
            case FrameKind.BROKEN:
                raise AttemptFailedError(server_error("a message of the answer is broken"))
            case FrameKind.EXCEPTION | FrameKind.ERROR:
                raise AttemptFailedError(failure_of_event(_error(piece), self._head))
            case FrameKind.EVENT:
                self._read_event(piece.name, read_json(piece.payload), events)

    def end(self, events: list[AnswerEvent]) -> None:
        """Append the last events of a stream that ended without `metadata`.

        Raises:
            AttemptFailedError: the answer is not complete.
        """
        if not self.may_end:
            raise truncated("the answer ended without its terminator")
        self._finish(events)

    def _read_event(self, name: str, event: JsonObject, events: list[AnswerEvent]) -> None:
        if not self._has_started:
            self._has_started = True
            self._reader.start(events)
        match name:
            case "contentBlockStart":
                self._begin(event["contentBlockIndex"], event["start"], events)
            case "contentBlockDelta":
                self._grow(event["contentBlockIndex"], event["delta"], events)
            case "contentBlockStop":
                opened = self._open.pop(event["contentBlockIndex"], None)
                if opened is not None:
                    self._end(opened, events)
                self._cite(events)
            case "messageStop":
                self._reader.read_end(event)
            case "metadata":
                self._reader.count(event.get("usage"), events)
            case _:
                pass
        if name in self._missing:
            self._missing.remove(name)
            if not self._missing:
                self._finish(events)

    def _cite(self, events: list[AnswerEvent]) -> None:
        """Append the citations of the block that ends, and begin the next block."""
        end = self._reader.characters
        if self._cited:
            read_citations(self._cited, self._block_start, end, events)
            self._cited = []
        self._block_start = end

    def _finish(self, events: list[AnswerEvent]) -> None:
        self.is_finished = True
        self._cite(events)
        for opened in self._open.values():
            self._end(opened, events)
        self._reader.finish(events)

    def _begin(self, index: int, start: JsonObject, events: list[AnswerEvent]) -> None:
        opened = self._open[index] = _OpenBlock(start=start)
        call: JsonObject | None = start.get("toolUse")
        if call is not None and call.get("type") != "server_tool_use":
            opened.call = self._reader.begin_call(
                call.get("toolUseId"), call["name"], events, answer_id=self._reader.answer_id
            )

    def _grow(self, index: int, delta: JsonObject, events: list[AnswerEvent]) -> None:
        match delta:
            case {"text": text}:
                self._reader.read_text(text, events)
            case {"reasoningContent": {"text": text}}:
                self._reader.think(text, events)
            case {"reasoningContent": {"signature": signature}}:
                self._reader.sign(signature, events)
            case {"reasoningContent": {"redactedContent": redacted}}:
                self._reader.redact(media_bytes(redacted), events)
            case {"toolUse": {"input": value}}:
                opened, piece = self._open[index], text_of(value)
                opened.pieces.append(piece)
                if opened.call is not None and piece:
                    events.append(ToolCallDelta(index=opened.call, arguments_json=piece))
            case {"citation": citation}:
                self._cited.append(citation)
            case {"toolResult": pieces}:
                self._open[index].results += pieces
            case {"image": {"source": {"bytes": data}}}:
                opened = self._open[index]
                if opened.picture is None:
                    opened.picture = self._reader.next_medium()
                kind = opened.start["image"]["format"]
                self._reader.show(kind, data, events, number=opened.picture)
            case _:
                pass

    def _end(self, opened: _OpenBlock, events: list[AnswerEvent]) -> None:
        written = "".join(opened.pieces)
        if opened.call is not None:
            self._reader.check_arguments(opened.call, written, events)
        elif "toolUse" in opened.start:
            arguments = json_object(written) or {}
            call = {**opened.start["toolUse"], "input": arguments}
            self._reader.read_block({"toolUse": call}, events)
        elif "toolResult" in opened.start:
            result = {**opened.start["toolResult"], "content": opened.results}
            self._reader.read_block({"toolResult": result}, events)


def _error(frame: Frame) -> JsonObject:
    """Return an exception as an error that has its name for a code."""
    try:
        content: object = orjson.loads(frame.payload)
    except orjson.JSONDecodeError:
        content = None
    return {"code": frame.name, "error": content}
