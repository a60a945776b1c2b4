"""Reads the sources of a block of text. A citation is of the whole block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.citations import Citation
from routersvc.providers.reading.citations import cite, index_in, object_in, objects_in, text_in


def read_citations(value: object, start: int, end: int, events: list[AnswerEvent]) -> None:
    """Append the citations of the text from `start` to `end`."""
    first, after = (start, end) if start < end else (None, None)
    for citation in objects_in(value):
        cite(_citation(citation, first, after), events)


def _citation(citation: Mapping[str, Any], start: int | None, end: int | None) -> Citation:
    url, document = "", None
    for location in objects_in(list(object_in(citation, "location").values())):
        url = url or text_in(location, "url")
        document = index_in(location, "documentIndex") if document is None else document
    source = text_in(citation, "source")
    if source.startswith(("https://", "http://")):
        url, source = url or source, ""
    pieces = (text_in(piece, "text") for piece in objects_in(citation.get("sourceContent")))
    return Citation(
        start=start,
        end=end,
        url=url,
        title=text_in(citation, "title"),
        cited_text="".join(pieces),
        document=document,
        source_id=source,
    )
