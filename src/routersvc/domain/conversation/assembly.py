"""Assembles the events of one answer into a message."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from routersvc.domain.conversation.answers import AnswerEvent, Finished, Started
from routersvc.domain.conversation.citations import Citation, citations_of_parts
from routersvc.domain.conversation.deltas import (
    CitationDelta,
    HostedDelta,
    MediaDelta,
    RefusalDelta,
    TextDelta,
    ThoughtDelta,
    ToolCallDelta,
)
from routersvc.domain.conversation.hosted_activities import HostedActivity
from routersvc.domain.conversation.logprobs import TokenLogprob
from routersvc.domain.conversation.parts import (
    AudioPart,
    HostedPart,
    ImagePart,
    Modality,
    Part,
    RefusalPart,
    TextPart,
    ThoughtPart,
    ToolCall,
)
from routersvc.domain.conversation.usage import Usage, UsageCounted


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A complete answer: the parts of the assistant's message in the order they began."""

    parts: tuple[Part, ...]
    finish: Finished
    usage: Usage | None
    logprobs: tuple[TokenLogprob, ...] = dataclasses.field(default=(), repr=False)


@dataclasses.dataclass(kw_only=True, slots=True)
class _TextPieces:
    is_refusal: bool = False
    phase: str = ""
    text: list[str] = dataclasses.field(default_factory=list[str])
    citations: list[Citation] = dataclasses.field(default_factory=list[Citation])


@dataclasses.dataclass(kw_only=True, slots=True)
class _ThoughtPieces:
    text: list[str] = dataclasses.field(default_factory=list[str])
    proof: ThoughtDelta | None = None


@dataclasses.dataclass(kw_only=True, slots=True)
class _ToolCallPieces:
    call_id: str = ""
    name: str = ""
    arguments: list[str] = dataclasses.field(default_factory=list[str])
    signature: bytes = b""
    maker: str = ""


@dataclasses.dataclass(kw_only=True, slots=True)
class _MediaPieces:
    modality: Modality
    media_type: str
    index: int
    url: str
    data: list[bytes] = dataclasses.field(default_factory=list[bytes])
    transcript: list[str] = dataclasses.field(default_factory=list[str])


_Pieces = _TextPieces | _ThoughtPieces | _ToolCallPieces | _MediaPieces | HostedActivity


class _Assembly:
    """The parts of an answer in the order they began.

    A text goes on after a thought without proof. A thought or a hosted activity with a proof, and a
    call, end it: their place among the texts is part of what some vendors prove.
    """

    def __init__(self) -> None:
        self._pieces: list[_Pieces] = []
        self._open: dict[bool, _TextPieces] = {}
        self._thought: _ThoughtPieces | None = None
        self._calls: dict[int, _ToolCallPieces] = {}
        self._media: _MediaPieces | None = None
        self._citations: list[tuple[Citation, int]] = []
        self._texts: list[_TextPieces] = []

    def add_text(self, text: str, *, is_refusal: bool, phase: str = "") -> None:
        """Append text to the answer or to its refusal; text of another phase begins a part."""
        pieces = self._open.get(is_refusal)
        if pieces is None or pieces.phase != phase:
            if not text:
                return
            pieces = self._open[is_refusal] = _TextPieces(is_refusal=is_refusal, phase=phase)
            self._pieces.append(pieces)
            if not is_refusal:
                self._texts.append(pieces)
        pieces.text.append(text)

    def add_thought(self, delta: ThoughtDelta) -> None:
        """Append to the open thought; a proof ends it."""
        if self._thought is None:
            self._thought = _ThoughtPieces()
            self._pieces.append(self._thought)
        self._thought.text.append(delta.text)
        if delta.signature or delta.encrypted:
            self._thought.proof = delta
            self._thought = None
            self._open.clear()

    def add_hosted(self, activity: HostedActivity) -> None:
        """Append what a tool of the provider did."""
        self._pieces.append(activity)
        if activity.proof:
            self._open.clear()
            self._thought = None

    def add_call(self, delta: ToolCallDelta) -> None:
        """Append to the call of this index."""
        pieces = self._calls.get(delta.index)
        if pieces is None:
            pieces = self._calls[delta.index] = _ToolCallPieces()
            self._pieces.append(pieces)
            self._open.clear()
            self._thought = None
        pieces.call_id = pieces.call_id or delta.call_id
        pieces.name = pieces.name or delta.name
        if delta.signature and not pieces.signature:
            pieces.signature, pieces.maker = delta.signature, delta.maker
        pieces.arguments.append(delta.arguments_json)

    def add_media(self, delta: MediaDelta) -> None:
        """Append to the last medium if it is of the same type and number."""
        last = self._media
        kind = (delta.modality, delta.media_type, delta.index)
        if last is None or (last.modality, last.media_type, last.index) != kind:
            last = _MediaPieces(
                modality=delta.modality,
                media_type=delta.media_type,
                index=delta.index,
                url=delta.url,
            )
            self._media = last
            self._pieces.append(last)
        last.data.append(delta.data)
        last.transcript.append(delta.transcript)

    def add_citation(self, citation: Citation) -> None:
        """Keep a source of the text; it may come before the text that it supports."""
        self._citations.append((citation, max(0, len(self._texts) - 1)))

    def parts(self) -> tuple[Part, ...]:
        """Return the parts."""
        if self._citations and self._texts:
            lengths = [sum(map(len, pieces.text)) for pieces in self._texts]
            for citation, latest in self._citations:
                for place, of_part in citations_of_parts(citation, lengths, latest):
                    self._texts[place].citations.append(of_part)
        return tuple(_part(pieces) for pieces in self._pieces)


def collect(events: Sequence[AnswerEvent]) -> Answer:
    """Return the answer that a complete sequence of events contains.

    Raises:
        ValueError: the sequence has no `Finished`: the answer is not complete.
    """
    return _plain_answer(events) or _any_answer(events)


def _plain_answer(events: Iterable[AnswerEvent]) -> Answer | None:
    """Return an answer that is one text and nothing else, as most are; `None` for any other."""
    texts: list[str] = []
    phase = ""
    usage: Usage | None = None
    finish: Finished | None = None
    for event in events:
        if isinstance(event, TextDelta):
            if event.logprobs or (texts and event.phase != phase):
                return None
            phase = event.phase
            texts.append(event.text)
        elif isinstance(event, UsageCounted):
            usage = event.usage
        elif isinstance(event, Finished):
            finish = event
        elif not isinstance(event, Started):
            return None
    text = "".join(texts)
    if finish is None or not text:
        return None
    return Answer(parts=(TextPart(text=text, phase=phase),), finish=finish, usage=usage)


def _any_answer(events: Iterable[AnswerEvent]) -> Answer:
    assembly = _Assembly()
    logprobs: list[TokenLogprob] = []
    usage: Usage | None = None
    finish: Finished | None = None
    for event in events:
        match event:
            case TextDelta():
                assembly.add_text(event.text, is_refusal=False, phase=event.phase)
                if event.logprobs:
                    logprobs.extend(event.logprobs)
            case Started():
                pass
            case UsageCounted():
                usage = event.usage
            case Finished():
                finish = event
            case ThoughtDelta():
                assembly.add_thought(event)
            case RefusalDelta():
                assembly.add_text(event.text, is_refusal=True)
            case ToolCallDelta():
                assembly.add_call(event)
            case CitationDelta():
                assembly.add_citation(event.citation)
            case MediaDelta():
                assembly.add_media(event)
            case HostedDelta():
                assembly.add_hosted(event.activity)
    if finish is None:
        raise ValueError("an answer without `Finished` is not complete")
    return Answer(parts=assembly.parts(), finish=finish, usage=usage, logprobs=tuple(logprobs))


def _part(pieces: _Pieces) -> Part:
    match pieces:
        case _TextPieces():
            text = "".join(pieces.text)
            if pieces.is_refusal:
                return RefusalPart(text=text)
            return TextPart(text=text, citations=tuple(pieces.citations), phase=pieces.phase)
        case _ThoughtPieces():
            proof = pieces.proof or ThoughtDelta()
            return ThoughtPart(
                text="".join(pieces.text),
                signature=proof.signature,
                encrypted=proof.encrypted,
                maker=proof.maker,
            )
        case _ToolCallPieces():
            return ToolCall(
                call_id=pieces.call_id,
                name=pieces.name,
                arguments_json="".join(pieces.arguments),
                signature=pieces.signature,
                maker=pieces.maker,
            )
        case _MediaPieces():
            return _media_part(pieces)
        case HostedActivity():
            return HostedPart(activity=pieces)


def _media_part(pieces: _MediaPieces) -> Part:
    data = b"".join(pieces.data)
    if pieces.modality is Modality.IMAGE:
        if pieces.url:
            return ImagePart(url=pieces.url, media_type=pieces.media_type)
        return ImagePart(data=data, media_type=pieces.media_type)
    return AudioPart(data=data, media_type=pieces.media_type, transcript="".join(pieces.transcript))
