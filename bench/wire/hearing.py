"""What a caller hears of an answer, in the terms of the independent readers.

Callers of a stream put the pieces together themselves, so it is done here too: `heard` merges the
events, `assembled` takes what the product has merged for callers that wait for the whole.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Sequence

from bench.wire.readings import (
    CALL,
    MEDIUM,
    REFUSAL,
    TEXT,
    THOUGHT,
    Call,
    Cited,
    Counts,
    Logprob,
    Medium,
    Ran,
    Reading,
    in_order,
)
from routersvc.domain.conversation.answers import AnswerEvent, Finished
from routersvc.domain.conversation.assembly import Answer
from routersvc.domain.conversation.citations import Citation
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
    FilePart,
    HostedPart,
    ImagePart,
    RefusalPart,
    TextPart,
    ThoughtPart,
    ToolCall,
)
from routersvc.domain.conversation.usage import Usage, UsageCounted

STREAM = "the stream"
WHOLE = "the whole answer"
"""The two ways in which a caller hears of an answer, as `Reading.judge` names them."""


@dataclasses.dataclass(kw_only=True, slots=True)
class _CallPieces:
    call_id: str = ""
    name: str = ""
    arguments: str = ""


def heard(events: Sequence[AnswerEvent]) -> Reading:
    """Return what the events of a complete answer say."""
    calls: dict[int, _CallPieces] = {}
    usage: Usage | None = None
    proofs: list[bytes] = []
    sealed: list[bytes] = []
    for event in events:
        match event:
            case ThoughtDelta():
                proofs.append(event.signature)
                sealed.append(event.encrypted)
            case HostedDelta():
                sealed.append(event.activity.proof)
            case ToolCallDelta():
                call = calls.setdefault(event.index, _CallPieces())
                call.call_id, call.name = call.call_id or event.call_id, call.name or event.name
                call.arguments += event.arguments_json
                proofs.append(event.signature)
            case UsageCounted():
                usage = event.usage
            case _:
                pass
    finish = next(event for event in events if isinstance(event, Finished))
    return Reading(
        judge=STREAM,
        text="".join(event.text for event in events if isinstance(event, TextDelta)),
        thoughts="".join(event.text for event in events if isinstance(event, ThoughtDelta)),
        refusal="".join(event.text for event in events if isinstance(event, RefusalDelta)),
        calls=tuple(
            Call(call_id=one.call_id, name=one.name, arguments=_parsed(one.arguments))
            for _, one in sorted(calls.items())
        ),
        order=in_order(_kinds(events)),
        finish=finish.reason,
        stop_sequence=finish.stop_sequence,
        counts=_counts(usage),
        model=finish.model_version,
        answer_id=finish.response_id,
        signatures=_told(proofs),
        sealed=_told(sealed),
        logprobs=tuple(
            _logprob(token)
            for event in events
            if isinstance(event, TextDelta)
            for token in event.logprobs
        ),
        media=_media_heard(events),
        citations=_cited(event.citation for event in events if isinstance(event, CitationDelta)),
        ran=tuple(_ran(event.activity) for event in events if isinstance(event, HostedDelta)),
    )


def assembled(answer: Answer) -> Reading:
    """Return what a whole answer says."""
    parts = answer.parts
    signed = (part.signature for part in parts if isinstance(part, ThoughtPart | ToolCall))
    return Reading(
        judge=WHOLE,
        text="".join(part.text for part in parts if isinstance(part, TextPart)),
        thoughts="".join(part.text for part in parts if isinstance(part, ThoughtPart)),
        refusal="".join(part.text for part in parts if isinstance(part, RefusalPart)),
        calls=tuple(
            Call(call_id=part.call_id, name=part.name, arguments=_parsed(part.arguments_json))
            for part in parts
            if isinstance(part, ToolCall)
        ),
        finish=answer.finish.reason,
        stop_sequence=answer.finish.stop_sequence,
        counts=_counts(answer.usage),
        model=answer.finish.model_version,
        answer_id=answer.finish.response_id,
        signatures=_told(signed),
        sealed=_told(
            part.encrypted if isinstance(part, ThoughtPart) else part.activity.proof
            for part in parts
            if isinstance(part, ThoughtPart | HostedPart)
        ),
        logprobs=tuple(map(_logprob, answer.logprobs)),
        media=tuple(
            Medium(
                size=len(part.data or b""),
                transcript=part.transcript if isinstance(part, AudioPart) else "",
            )
            for part in parts
            if isinstance(part, ImagePart | AudioPart | FilePart)
        ),
        citations=_cited(
            one for part in parts if isinstance(part, TextPart) for one in part.citations
        ),
        ran=tuple(_ran(part.activity) for part in parts if isinstance(part, HostedPart)),
    )


def _ran(activity: HostedActivity) -> Ran:
    return Ran(
        call_id=activity.activity_id,
        asked=activity.queries or ((activity.code,) if activity.code else ()),
        output=activity.output,
        sources=tuple(one.url or one.source_id or one.title for one in activity.sources),
    )


def _cited(citations: Iterable[Citation]) -> tuple[Cited, ...]:
    return tuple(
        Cited(source=one.url or one.source_id or one.title, title=one.title) for one in citations
    )


def _kinds(events: Iterable[AnswerEvent]) -> Iterator[str]:
    """Yield the kinds of what was said; a proof alone is about something said elsewhere."""
    for event in events:
        match event:
            case TextDelta() if event.text:
                yield TEXT
            case ThoughtDelta() if event.text or event.encrypted:
                yield THOUGHT
            case HostedDelta() if event.activity.proof:
                yield THOUGHT
            case RefusalDelta():
                yield REFUSAL
            case MediaDelta():
                yield MEDIUM
            case ToolCallDelta():
                yield CALL
            case _:
                pass


def _media_heard(events: Iterable[AnswerEvent]) -> tuple[Medium, ...]:
    """Return pictures, each of which comes whole, and the one sound, which comes in pieces."""
    found: list[Medium] = []
    sound_at: int | None = None
    for event in events:
        if not isinstance(event, MediaDelta):
            continue
        if not event.media_type.startswith("audio/"):
            found.append(Medium(size=len(event.data)))
        elif sound_at is None:
            sound_at = len(found)
            found.append(Medium(size=len(event.data), transcript=event.transcript))
        else:
            size, said = found[sound_at]
            found[sound_at] = Medium(size + len(event.data), said + event.transcript)
    return tuple(found)


def _parsed(arguments: str) -> object:
    try:
        value: object = json.loads(arguments)
    except ValueError:
        return arguments
    return value


def _counts(usage: Usage | None) -> Counts | None:
    if usage is None:
        return None
    return Counts(
        taken=usage.input_tokens,
        given=usage.output_tokens,
        thinking=usage.reasoning_tokens,
        cached=usage.cached_input_tokens,
        written=usage.cache_write_tokens,
        written_for_an_hour=usage.cache_write_hour_tokens,
        heard=usage.input_audio_tokens,
        spoken=usage.output_audio_tokens,
    )


def _logprob(token: TokenLogprob) -> Logprob:
    others = tuple((one.token, one.logprob) for one in token.alternatives)
    return Logprob(token=token.token, logprob=token.logprob, others=others)


def _told(proofs: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(proof.decode("utf-8", "surrogateescape") for proof in proofs if proof)
