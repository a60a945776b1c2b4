"""Answers that cannot be sent fail their attempt."""

from __future__ import annotations

import pytest

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.deltas import (
    MediaDelta,
    RefusalDelta,
    TextDelta,
    ThoughtDelta,
    ToolCallDelta,
)
from routersvc.domain.conversation.logprobs import TokenLogprob
from routersvc.domain.conversation.parts import Modality
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.engine.answer_sizes import AnswerSize, bytes_of

LIMIT = 1_600
"""Of which 100 bytes are left to the report."""


def test_whole_answer_may_fill_its_message() -> None:
    """All of it goes into one message."""
    size = AnswerSize(max_bytes=LIMIT, is_whole=True)
    first, second = [TextDelta(text="x" * 1_000)], [TextDelta(text="x" * 501)]

    size.add(4_000, first, [])
    with pytest.raises(AttemptFailedError) as failed:
        size.add(2_004, second, first)

    assert failed.value.failure.failure_class is FailureClass.BAD_ANSWER


def test_bound_is_measured_before_anything_is_refused() -> None:
    """Few characters take four bytes."""
    size = AnswerSize(max_bytes=LIMIT, is_whole=True)
    first, second = [TextDelta(text="x" * 1_000)], [TextDelta(text="x" * 400)]

    size.add(4_000, first, [])
    size.add(1_600, second, first)


def test_pieces_of_a_stream_are_messages_of_their_own() -> None:
    """Only what arrives together has to fit."""
    size = AnswerSize(max_bytes=LIMIT, is_whole=False)
    piece = [TextDelta(text="x" * 1_000)]

    size.add(4_000, piece, [])
    size.add(4_000, piece, piece)
    with pytest.raises(AttemptFailedError):
        size.add(6_400, [TextDelta(text="\u20ac" * 600)], [])


@pytest.mark.parametrize(
    ("event", "least"),
    [
        (TextDelta(text="\u20ac"), 3),
        (TextDelta(text="", logprobs=(TokenLogprob(token="a", logprob=-1.0),)), 9),
        (RefusalDelta(text="no"), 2),
        (ThoughtDelta(text="a", signature=b"bc", encrypted=b"def"), 6),
        (ToolCallDelta(index=0, call_id="a", name="b", arguments_json="{}"), 4),
        (MediaDelta(modality=Modality.IMAGE, media_type="image/png", data=b"abc"), 3),
    ],
)
def test_every_kind_of_content_has_a_size(event: AnswerEvent, least: int) -> None:
    """None of them passes unmeasured."""
    assert bytes_of([event, event]) >= 2 * least
