"""Reads the sources of a block of text. A citation is of the whole block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.citations import Citation
from routersvc.providers.reading.citations import cite, index_in, objects_in, text_in


def read_citations(value: object, start: int, end: int, events: list[AnswerEvent]) -> None:
    """Append the citations of the text from `start` to `end`."""
    first, after = (start, end) if start < end else (None, None)
    for citation in objects_in(value):
        cite(_citation(citation, first, after), events)


def _citation(citation: Mapping[str, Any], start: int | None, end: int | None) -> Citation:
    source = text_in(citation, "source")
    is_address = source.startswith(("https://", "http://"))
    return Citation(
        start=start,
        end=end,
        url=text_in(citation, "url") or (source if is_address else ""),
        title=text_in(citation, "title", "document_title"),
        cited_text=text_in(citation, "cited_text"),
        document=index_in(citation, "document_index"),
        source_id=text_in(citation, "file_id") or ("" if is_address else source),
    )
