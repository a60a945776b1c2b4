"""The events of an answer add up to one message."""

from __future__ import annotations

import functools

import pytest

from routersvc.domain.conversation.answers import AnswerEvent, Finished, Started
from routersvc.domain.conversation.assembly import collect
from routersvc.domain.conversation.citations import Citation
from routersvc.domain.conversation.deltas import (
    CitationDelta,
    MediaDelta,
    RefusalDelta,
    TextDelta,
    ThoughtDelta,
    ToolCallDelta,
)
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.logprobs import TokenLogprob
from routersvc.domain.conversation.parts import (
    AudioPart,
    ImagePart,
    Modality,
    RefusalPart,
    TextPart,
    ThoughtPart,
    ToolCall,
)
from routersvc.domain.conversation.usage import Usage, UsageCounted

DONE = Finished(reason=FinishReason.STOP)


def test_pieces_are_joined_in_their_order() -> None:
    """Parts stand where they began; a proof and a call end the text before them."""
    events: list[AnswerEvent] = [
        Started(),
        ThoughtDelta(text="hm"),
        ThoughtDelta(text="m", signature=b"s"),
        ThoughtDelta(text="so"),
        ToolCallDelta(index=1, call_id="c1", name="g", arguments_json="{}"),
        TextDelta(text="It ", logprobs=(TokenLogprob(token="It ", logprob=-0.1),)),
        ToolCallDelta(index=0, call_id="c0", name="f", arguments_json='{"a"'),
        ToolCallDelta(index=0, arguments_json=":1}", signature=b"t"),
        TextDelta(text="is"),
        UsageCounted(usage=Usage(input_tokens=1)),
        UsageCounted(usage=Usage(input_tokens=2)),
        DONE,
    ]

    answer = collect(events)

    assert answer.parts == (
        ThoughtPart(text="hmm", signature=b"s"),
        ThoughtPart(text="so"),
        ToolCall(call_id="c1", name="g", arguments_json="{}"),
        TextPart(text="It "),
        ToolCall(call_id="c0", name="f", arguments_json='{"a":1}', signature=b"t"),
        TextPart(text="is"),
    )
    assert answer.usage == Usage(input_tokens=2)
    assert [logprob.token for logprob in answer.logprobs] == ["It "]
    assert answer.finish is DONE


def test_text_of_another_phase_is_another_part() -> None:
    """Each phase goes back to the provider as it came; empty text begins none."""
    events: list[AnswerEvent] = [
        TextDelta(text="Let me ", phase="commentary"),
        TextDelta(text="", phase="final_answer"),
        ThoughtDelta(text="hm"),
        TextDelta(text="see.", phase="commentary"),
        TextDelta(text="Noon", phase="final_answer"),
        CitationDelta(citation=Citation(start=11, end=15, url="https://a.test")),
        DONE,
    ]

    assert collect(events).parts == (
        TextPart(text="Let me see.", phase="commentary"),
        ThoughtPart(text="hm"),
        TextPart(
            text="Noon",
            phase="final_answer",
            citations=(Citation(start=0, end=4, url="https://a.test"),),
        ),
    )


def test_media_are_joined_by_kind() -> None:
    """Sound with its transcript, pictures one by one."""
    events: list[AnswerEvent] = [
        MediaDelta(modality=Modality.AUDIO, media_type="audio/wav", data=b"a", transcript="he"),
        MediaDelta(modality=Modality.AUDIO, media_type="audio/wav", data=b"b", transcript="y"),
        MediaDelta(modality=Modality.IMAGE, media_type="image/png", data=b"c"),
        DONE,
    ]

    answer = collect(events)

    assert answer.parts == (
        AudioPart(data=b"ab", media_type="audio/wav", transcript="hey"),
        ImagePart(data=b"c", media_type="image/png"),
    )


def test_two_pictures_of_one_kind_stay_two() -> None:
    """Their numbers tell them apart; a picture may come in pieces, or by its address."""
    png = functools.partial(MediaDelta, modality=Modality.IMAGE, media_type="image/png")
    events: list[AnswerEvent] = [
        png(data=b"a"),
        png(data=b"b", index=1),
        png(data=b"c", index=1),
        png(url="https://a.example/b.png", index=2),
        DONE,
    ]

    answer = collect(events)

    assert answer.parts == (
        ImagePart(data=b"a", media_type="image/png"),
        ImagePart(data=b"bc", media_type="image/png"),
        ImagePart(url="https://a.example/b.png", media_type="image/png"),
    )


def test_refusal_is_a_part_of_its_own() -> None:
    """The model's refusal is not its answer."""
    answer = collect([RefusalDelta(text="I "), RefusalDelta(text="won't"), DONE])

    assert answer.parts == (RefusalPart(text="I won't"),)


def test_answer_without_an_end_is_refused() -> None:
    """Promise 2: a truncated answer is never a complete one."""
    with pytest.raises(ValueError, match="not complete"):
        collect([TextDelta(text="half")])


def test_citations_belong_to_the_text() -> None:
    """They may come before the text, within it or after it."""
    before, after = Citation(url="https://a.test"), Citation(start=0, end=4, title="t")

    answer = collect(
        [
            CitationDelta(citation=before),
            TextDelta(text="Rain"),
            CitationDelta(citation=after),
            DONE,
        ]
    )

    assert answer.parts == (TextPart(text="Rain", citations=(before, after)),)
