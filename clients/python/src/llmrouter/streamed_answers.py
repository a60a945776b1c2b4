"""Folds the events of a stream into the answer that a call without a stream would give."""

import dataclasses

from llmrouter.v1.prompt_pb2 import MODALITY_IMAGE, ROLE_ASSISTANT, Citation, Part
from llmrouter.v1.report_pb2 import RouteReport
from llmrouter.v1.router_service_pb2 import CompleteResponse, StreamCompleteResponse
from llmrouter.v1.stream_pb2 import (
    RECOVERY_KIND_RESUMED,
    ContentDelta,
    MediaDelta,
    ReasoningDelta,
    Recovered,
    TokenLogprob,
    ToolCallDelta,
)


@dataclasses.dataclass(slots=True)
class _Piece:
    """A part of the message; its text and its bytes come in pieces."""

    part: Part
    texts: list[str] = dataclasses.field(default_factory=list[str])
    data: list[bytes] = dataclasses.field(default_factory=list[bytes])

    @property
    def is_text(self) -> bool:
        return self.part.WhichOneof("content") == "text"


class StreamedAnswer:
    """Takes the events of one stream in order; `response` is the answer so far.

    Append `response.message` to the conversation to continue it: reasoning, hosted activity and
    tool calls keep the proofs that their provider needs back, and texts their phases.
    """

    def __init__(self) -> None:
        self._report = RouteReport()
        self._start_over()

    @property
    def response(self) -> CompleteResponse:
        """Return the answer so far; with a finish reason, it is complete."""
        response = CompleteResponse()
        response.CopyFrom(self._end)
        response.message.role = ROLE_ASSISTANT
        response.report.CopyFrom(self._report)
        response.logprobs.extend(logprob for _, logprob in self._logprobs)
        parts = response.message.parts
        parts.extend(map(_part, self._pieces))
        self._cite([part for part in parts if part.WhichOneof("content") == "text"])
        return response

    def add(self, event: StreamCompleteResponse) -> None:
        """Take an event. A `recovered` event withdraws what came before it."""
        match event.WhichOneof("event"):
            case "route_selected":
                self._report = event.route_selected.report
            case "content_delta":
                self._add_text(event.content_delta)
            case "refusal_delta":
                self._add_refusal(event.refusal_delta.text)
            case "reasoning_delta":
                self._add_thought(event.reasoning_delta)
            case "hosted_activity_delta":
                self._pieces.append(
                    _Piece(Part(hosted_activity=event.hosted_activity_delta.activity))
                )
                if event.hosted_activity_delta.activity.proof:
                    self._close()
            case "tool_call_delta":
                self._add_call(event.tool_call_delta)
            case "media_delta":
                self._add_media(event.media_delta)
            case "citation_delta":
                self._citations.append((event.citation_delta.citation, self._texts()))
            case "usage":
                self._end.usage.CopyFrom(event.usage)
            case "recovered":
                self._recover(event.recovered)
            case "finished":
                self._end.finish_reason = event.finished.finish_reason
                self._end.stop_sequence = event.finished.stop_sequence
                self._report = event.finished.report
            case _:
                pass

    def _start_over(self) -> None:
        self._end = CompleteResponse()
        self._pieces: list[_Piece] = []
        self._citations: list[tuple[Citation, int]] = []
        self._logprobs: list[tuple[int, TokenLogprob]] = []
        self._characters = 0
        self._calls: dict[int, _Piece] = {}
        self._medium: tuple[_Piece, tuple[int, str, int]] | None = None
        self._close()

    def _close(self) -> None:
        """End the open text, refusal and thought: what comes next are parts of their own."""
        self._text: _Piece | None = None
        self._refusal: _Piece | None = None
        self._thought: _Piece | None = None

    def _texts(self) -> int:
        return sum(piece.is_text for piece in self._pieces)

    def _begin(self, part: Part) -> _Piece:
        piece = _Piece(part)
        self._pieces.append(piece)
        return piece

    def _add_text(self, delta: ContentDelta) -> None:
        self._logprobs += ((self._characters, logprob) for logprob in delta.logprobs)
        if self._text is None or self._text.part.phase != delta.phase:
            if not delta.text:
                return
            self._text = self._begin(Part(text="", phase=delta.phase))
        self._text.texts.append(delta.text)
        self._characters += len(delta.text)

    def _add_refusal(self, text: str) -> None:
        if self._refusal is None:
            self._refusal = self._begin(Part(refusal=""))
        self._refusal.texts.append(text)

    def _add_thought(self, delta: ReasoningDelta) -> None:
        thought = self._thought
        if thought is None:
            thought = self._thought = self._begin(Part())
            thought.part.reasoning.SetInParent()
        thought.texts.append(delta.text)
        if delta.signature or delta.encrypted:
            thought.part.reasoning.signature = delta.signature
            thought.part.reasoning.encrypted = delta.encrypted
            thought.part.reasoning.maker = delta.maker
            self._close()

    def _add_call(self, delta: ToolCallDelta) -> None:
        piece = self._calls.get(delta.index)
        if piece is None:
            piece = self._calls[delta.index] = self._begin(Part())
            piece.part.tool_call.SetInParent()
            self._close()
        call = piece.part.tool_call
        call.id = call.id or delta.id
        call.name = call.name or delta.name
        if delta.signature and not call.signature:
            call.signature = delta.signature
            call.signature_maker = delta.signature_maker
        piece.texts.append(delta.arguments_json)

    def _add_media(self, delta: MediaDelta) -> None:
        kind = (delta.modality, delta.media_type, delta.index)
        if self._medium is None or self._medium[1] != kind:
            part = Part()
            if delta.modality == MODALITY_IMAGE:
                part.image.media_type = delta.media_type
                part.image.url = delta.url
            else:
                part.audio.media_type = delta.media_type
            self._medium = self._begin(part), kind
        piece, _ = self._medium
        piece.data.append(delta.data)
        piece.texts.append(delta.transcript)

    def _recover(self, recovered: Recovered) -> None:
        self._report = recovered.report
        if recovered.kind != RECOVERY_KIND_RESUMED:
            self._start_over()
            return
        left = kept = recovered.kept_characters
        pieces: list[_Piece] = []
        for piece in self._pieces:
            if piece.is_text:
                text = "".join(piece.texts)[:left]
                left -= len(text)
                piece.texts = [text]
            if piece.part.WhichOneof("content") in _KEPT and (not piece.is_text or piece.texts[0]):
                pieces.append(piece)
        self._pieces = pieces
        self._calls.clear()
        self._medium = None
        self._close()
        self._text = next((piece for piece in reversed(pieces) if piece.is_text), None)
        self._characters = kept - left
        self._logprobs = [one for one in self._logprobs if one[0] < self._characters]
        self._citations = [
            one
            for one in self._citations
            if one[0].HasField("end_character") and one[0].end_character <= kept
        ]

    def _cite(self, texts: list[Part]) -> None:
        """Give each citation to the texts that it supports, counted from their beginnings."""
        if not texts:
            return
        for citation, begun in self._citations:
            first, is_placed = 0, False
            start, end = citation.start_character, citation.end_character
            for part in texts if citation.HasField("end_character") else ():
                after = first + len(part.text)
                is_here = start < after and first < end
                if is_here or (start == end and not is_placed and first <= start <= after):
                    is_placed = True
                    part.citations.append(citation)
                    part.citations[-1].start_character = max(0, start - first)
                    part.citations[-1].end_character = min(end, after) - first
                first = after
            if not is_placed:
                cited = texts[min(max(0, begun - 1), len(texts) - 1)].citations
                cited.append(citation)
                cited[-1].ClearField("start_character")
                cited[-1].ClearField("end_character")


_KEPT = frozenset({"text", "reasoning", "hosted_activity"})
"""What an answer that is resumed keeps."""


def _part(piece: _Piece) -> Part:
    part = Part()
    part.CopyFrom(piece.part)
    text, data = "".join(piece.texts), b"".join(piece.data)
    match part.WhichOneof("content"):
        case "text":
            part.text = text
        case "refusal":
            part.refusal = text
        case "reasoning":
            part.reasoning.text = text
        case "tool_call":
            part.tool_call.arguments_json = text
        case "image":
            if not part.image.url:
                part.image.data = data
        case "audio":
            part.audio.data = data
            part.audio.transcript = text
        case _:
            pass
    return part
