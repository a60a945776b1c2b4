"""The text of a stream that broke and was recovered."""

from __future__ import annotations

from llmrouter import AnswerText
from llmrouter.v1.prompt_pb2 import Citation
from llmrouter.v1.router_service_pb2 import StreamCompleteResponse
from llmrouter.v1.stream_pb2 import (
    RECOVERY_KIND_RESTARTED,
    RECOVERY_KIND_RESUMED,
    CitationDelta,
    ContentDelta,
    ReasoningDelta,
    Recovered,
    RecoveryKind,
)


def said(text: str) -> StreamCompleteResponse:
    """Return an event with text."""
    return StreamCompleteResponse(content_delta=ContentDelta(text=text))


def recovered(kind: RecoveryKind.ValueType, kept: int = 0) -> StreamCompleteResponse:
    """Return the event that another attempt has taken over."""
    return StreamCompleteResponse(recovered=Recovered(kind=kind, kept_characters=kept))


def test_text_grows_by_what_is_said_and_by_nothing_else() -> None:
    """Thoughts are no text."""
    text = AnswerText()

    added = [
        text.add(said("It is ")),
        text.add(StreamCompleteResponse(reasoning_delta=ReasoningDelta(text="hm"))),
        text.add(said("noon.")),
    ]

    assert added == ["It is ", "", "noon."]
    assert str(text) == "It is noon."


def test_restart_takes_back_everything() -> None:
    """The answer starts over."""
    text = AnswerText()
    text.add(said("Wrong "))

    text.add(recovered(RECOVERY_KIND_RESTARTED))
    text.add(said("Right."))

    assert str(text) == "Right."


def test_resumption_keeps_so_many_characters() -> None:
    """Characters are code points, whatever they weigh elsewhere."""
    text = AnswerText()
    text.add(said("🧑🚀 漢"))
    text.add(said("字 broken"))

    text.add(recovered(RECOVERY_KIND_RESUMED, 5))
    text.add(said(", done."))

    assert str(text) == "🧑🚀 漢字, done."


def test_citations_of_withdrawn_text_are_withdrawn() -> None:
    """What supports text that is still there stays."""
    text = AnswerText()
    kept = Citation(start_character=0, end_character=2, url="https://a.test")
    text.add(said("It is noon."))
    for citation in (kept, Citation(start_character=6, end_character=10), Citation(title="t")):
        text.add(StreamCompleteResponse(citation_delta=CitationDelta(citation=citation)))

    text.add(recovered(RECOVERY_KIND_RESUMED, kept=3))

    assert text.citations == (kept,)
