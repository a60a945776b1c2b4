"""Reads annotations: the sources of a span of one part of the text.

A stream sends each up to three times: as an event, at the end of its item, and at the end of the
answer. Their spans count from the beginning of the part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.citations import Citation
from routersvc.providers.reading.citations import cite, index_in, objects_in, span, text_in


class CitationReader:
    """The annotations of one answer; none is appended twice."""

    def __init__(self) -> None:
        self._known: set[Citation] = set()

    def read(self, value: object, offset: int, events: list[AnswerEvent]) -> None:
        """Append the annotations of a part that begins at `offset` in the answer's text."""
        for annotation in objects_in(value):
            citation = _citation(annotation, offset)
            if citation not in self._known:
                self._known.add(citation)
                cite(citation, events)


def _citation(annotation: Mapping[str, Any], offset: int) -> Citation:
    start, end = span(
        index_in(annotation, "start_index"), index_in(annotation, "end_index"), offset=offset
    )
    place = index_in(annotation, "index")
    if start is None and place is not None and annotation.get("type") == "file_citation":
        # A file is cited at a place between two characters.
        start = end = offset + place
    return Citation(
        start=start,
        end=end,
        url=text_in(annotation, "url"),
        title=text_in(annotation, "title", "filename"),
        source_id=text_in(annotation, "file_id"),
    )
