"""Assembles the events of one answer into a message."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from routersvc.domain.conversation.answers import AnswerEvent, Finished, Started
from routersvc.domain.conversation.citations import Citation
from routersvc.domain.conversation.deltas import (
    CitationDelta,
    MediaDelta,
    RefusalDelta,
    TextDelta,
    ThoughtDelta,
    ToolCallDelta,
)
from routersvc.domain.conversation.logprobs import TokenLogprob
from routersvc.domain.conversation.parts import (
    AudioPart,
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
class _ToolCallPieces:
    call_id: str = ""
    name: str = ""
    arguments: list[str] = dataclasses.field(default_factory=list[str])
    signature: bytes = b""


@dataclasses.dataclass(kw_only=True, slots=True)
class _MediaPieces:
    modality: Modality
    media_type: str
    data: list[bytes] = dataclasses.field(default_factory=list[bytes])
    transcript: list[str] = dataclasses.field(default_factory=list[str])


def collect(events: Iterable[AnswerEvent]) -> Answer:
    """Return the answer that a complete sequence of events contains.

    Raises:
        ValueError: the sequence has no `Finished`: the answer is not complete.
    """
    thoughts: list[ThoughtPart] = []
    thought: list[str] = []
    text: list[str] = []
    refusal: list[str] = []
    calls: dict[int, _ToolCallPieces] = {}
    media: list[_MediaPieces] = []
    citations: list[Citation] = []
    logprobs: list[TokenLogprob] = []
    usage: Usage | None = None
    finish: Finished | None = None
    for event in events:
        match event:
            case TextDelta():
                text.append(event.text)
                logprobs.extend(event.logprobs)
            case ThoughtDelta():
                _add_thought(thoughts, thought, event)
            case RefusalDelta():
                refusal.append(event.text)
            case ToolCallDelta():
                _add_call(calls.setdefault(event.index, _ToolCallPieces()), event)
            case CitationDelta():
                citations.append(event.citation)
            case MediaDelta():
                _add_media(media, event)
            case UsageCounted():
                usage = event.usage
            case Finished():
                finish = event
            case Started():
                pass
    if finish is None:
        raise ValueError("an answer without `Finished` is not complete")
    if thought:
        thoughts.append(ThoughtPart(text="".join(thought)))
    parts: list[Part] = [*thoughts]
    if text:
        parts.append(TextPart(text="".join(text), citations=tuple(citations)))
    if refusal:
        parts.append(RefusalPart(text="".join(refusal)))
    parts.extend(_media_part(pieces) for pieces in media)
    parts.extend(
        ToolCall(
            call_id=pieces.call_id,
            name=pieces.name,
            arguments_json="".join(pieces.arguments),
            signature=pieces.signature,
        )
        for _, pieces in sorted(calls.items())
    )
    return Answer(parts=tuple(parts), finish=finish, usage=usage, logprobs=tuple(logprobs))


def _add_thought(thoughts: list[ThoughtPart], pieces: list[str], delta: ThoughtDelta) -> None:
    """Add a piece of a thought; its proof ends it."""
    pieces.append(delta.text)
    if delta.signature or delta.encrypted:
        thoughts.append(
            ThoughtPart(text="".join(pieces), signature=delta.signature, encrypted=delta.encrypted)
        )
        pieces.clear()


def _add_call(pieces: _ToolCallPieces, delta: ToolCallDelta) -> None:
    pieces.call_id = pieces.call_id or delta.call_id
    pieces.name = pieces.name or delta.name
    pieces.signature = pieces.signature or delta.signature
    pieces.arguments.append(delta.arguments_json)


def _add_media(media: list[_MediaPieces], delta: MediaDelta) -> None:
    last = media[-1] if media else None
    if last is None or (last.modality, last.media_type) != (delta.modality, delta.media_type):
        last = _MediaPieces(modality=delta.modality, media_type=delta.media_type)
        media.append(last)
    last.data.append(delta.data)
    last.transcript.append(delta.transcript)


def _media_part(pieces: _MediaPieces) -> Part:
    data = b"".join(pieces.data)
    if pieces.modality is Modality.IMAGE:
        return ImagePart(data=data, media_type=pieces.media_type)
    return AudioPart(data=data, media_type=pieces.media_type, transcript="".join(pieces.transcript))
