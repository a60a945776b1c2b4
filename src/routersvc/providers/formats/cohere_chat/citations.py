"""Reads citations: a span of the answer with the documents and tool results that support it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.citations import Citation
from routersvc.providers.formats.cohere_chat.documents import document_of
from routersvc.providers.reading.citations import (
    cite,
    index_in,
    object_in,
    objects_in,
    span,
    text_in,
)


def read_citations(value: object, events: list[AnswerEvent]) -> None:
    """Append one citation for each source. Those of a plan of tool calls are not of the text."""
    for citation in objects_in(value):
        if citation.get("type") not in {"PLAN", "THINKING_CONTENT"}:
            for source in objects_in(citation.get("sources")):
                cite(_citation(citation, source), events)


def _citation(citation: Mapping[str, Any], source: Mapping[str, Any]) -> Citation:
    start, end = span(index_in(citation, "start"), index_in(citation, "end"))
    content = object_in(source, "document") or object_in(source, "tool_output")
    return Citation(
        start=start,
        end=end,
        url=text_in(content, "url"),
        title=text_in(content, "title"),
        cited_text=text_in(content, "snippet", "text", "content"),
        document=document_of(text_in(source, "id")),
        source_id=text_in(source, "id"),
    )
