"""Text that another attempt continues, and the citations of what it adds."""

from __future__ import annotations

from routersvc.domain.conversation.citations import Citation
from routersvc.domain.conversation.deltas import CitationDelta, TextDelta
from routersvc.engine.resumable_texts import ResumableText, shifted_citations


def test_cited_answer_is_not_resumed() -> None:
    """Another deployment would not know what its tools had found."""
    text = ResumableText()
    text.add([TextDelta(text="It rains in "), CitationDelta(citation=Citation(url="u"))])

    assert not text.prefill()


def test_citations_count_from_the_answers_beginning() -> None:
    """The attempt that continues a text counts from its own first character."""
    text = TextDelta(text="Utrecht")
    unplaced = CitationDelta(citation=Citation(url="u"))
    placed = CitationDelta(citation=Citation(start=0, end=7, url="v"))

    assert shifted_citations([text, unplaced, placed], 12) == [
        text,
        unplaced,
        CitationDelta(citation=Citation(start=12, end=19, url="v")),
    ]
