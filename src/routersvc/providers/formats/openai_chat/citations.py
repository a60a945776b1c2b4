"""Reads the sources of an answer, which vendors put in three places.

    annotations        of the message: OpenAI, OpenRouter; a span of the text and its source
    search_results     of the body: Perplexity; each with its title
    citations          of the body or of the message: Perplexity, xAI; addresses

Perplexity sends both of its lists, with the same addresses, and repeats them in every chunk.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.citations import Citation
from routersvc.providers.reading.citations import (
    cite,
    index_in,
    object_in,
    objects_in,
    span,
    text_in,
    values_in,
)
from routersvc.providers.reading.json_values import JsonObject


class CitationReader:
    """The citations of one answer; none is appended twice."""

    def __init__(self) -> None:
        self._known: set[Citation] = set()
        self._addresses: set[str] = set()

    def read_body(self, body: JsonObject, events: list[AnswerEvent]) -> None:
        """Append the sources of a body or a chunk."""
        if "search_results" in body:
            for result in objects_in(body["search_results"]):
                self._add_source(
                    text_in(result, "url"),
                    events,
                    title=text_in(result, "title"),
                    cited_text=text_in(result, "snippet"),
                )
        if "citations" in body:
            self._read_list(body["citations"], events)

    def read_message(self, message: JsonObject, events: list[AnswerEvent]) -> None:
        """Append the sources of a message or a delta."""
        for annotation in objects_in(message.get("annotations")):
            self._add(_annotation(annotation), events)
        if "citations" in message:
            self._read_list(message["citations"], events)

    def _read_list(self, value: object, events: list[AnswerEvent]) -> None:
        for source in values_in(value):
            if isinstance(source, str):
                self._add_source(source, events)
            else:
                for one in objects_in(source):
                    self._add_source(text_in(one, "url"), events, title=text_in(one, "title"))

    def _add_source(
        self, url: str, events: list[AnswerEvent], *, title: str = "", cited_text: str = ""
    ) -> None:
        if url and url not in self._addresses:
            self._add(Citation(url=url, title=title, cited_text=cited_text), events)

    def _add(self, citation: Citation, events: list[AnswerEvent]) -> None:
        if citation not in self._known:
            self._known.add(citation)
            self._addresses.add(citation.url)
            cite(citation, events)


def _annotation(annotation: Mapping[str, Any]) -> Citation:
    """Return an annotation; its fields stand in an object that is named as its type is."""
    inner = object_in(annotation, text_in(annotation, "type")) or annotation
    start, end = span(index_in(inner, "start_index"), index_in(inner, "end_index"))
    if start == end:
        # OpenRouter and others write 0 for both where they do not know.
        start = end = None
    return Citation(
        start=start,
        end=end,
        url=text_in(inner, "url"),
        title=text_in(inner, "title", "filename"),
        cited_text=text_in(inner, "content") if inner is not annotation else "",
        source_id=text_in(inner, "file_id"),
    )
