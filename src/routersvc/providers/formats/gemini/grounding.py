"""Reads the sources of an answer: grounding by Google's tools, and recited texts.

Spans count bytes of UTF-8. Grounding may come in several chunks of a stream, each of which repeats
the earlier ones, so it is read once, at the end. A recited text comes with the chunk that has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.citations import Citation
from routersvc.domain.conversation.deltas import HostedDelta
from routersvc.providers.formats.gemini.hosted_activities import fetches_in, searches_in
from routersvc.providers.reading.citations import (
    NOTHING,
    Utf8Spans,
    cite,
    index_in,
    object_in,
    objects_in,
    text_in,
    values_in,
)
from routersvc.providers.reading.json_values import JsonObject

_MOST_RECITED = 256
"""Each new one is compared with those before."""


class Grounding:
    """The metadata of one candidate, as it arrives."""

    def __init__(self, maker: str = "") -> None:
        self._maker = maker
        self._grounding: Mapping[str, Any] = {}
        self._fetched: Mapping[str, Any] = {}
        self._recited: list[Mapping[str, Any]] = []

    def read(self, candidate: JsonObject) -> None:
        """Keep the metadata of a chunk; what a later one has replaces what an earlier one had."""
        if "groundingMetadata" in candidate:
            grounding = object_in(candidate, "groundingMetadata")
            self._grounding = {**self._grounding, **grounding}
        if "urlContextMetadata" in candidate:
            self._fetched = object_in(candidate, "urlContextMetadata") or self._fetched
        if "citationMetadata" in candidate:
            recited = object_in(candidate, "citationMetadata")
            for field in ("citations", "citationSources"):
                for source in objects_in(recited.get(field)):
                    if source not in self._recited and len(self._recited) < _MOST_RECITED:
                        self._recited.append(source)

    def finish(self, text: str, events: list[AnswerEvent]) -> None:
        """Append the searches, the fetched pages, and the citations of the complete text."""
        events.extend(
            HostedDelta(activity=activity)
            for activity in (
                *fetches_in(self._fetched, self._maker),
                *searches_in(self._grounding, self._maker),
            )
        )
        if not (self._grounding or self._recited):
            return
        spans = Utf8Spans(text)
        self._cite_chunks(spans, events)
        for source in self._recited:
            start, end = spans.characters(
                index_in(source, "startIndex") or 0, index_in(source, "endIndex"), ""
            )
            cite(
                Citation(
                    start=start, end=end, url=text_in(source, "uri"), title=text_in(source, "title")
                ),
                events,
            )

    def _cite_chunks(self, spans: Utf8Spans, events: list[AnswerEvent]) -> None:
        chunks = list(objects_in(self._grounding.get("groundingChunks")))
        supported: set[int] = set()
        for support in objects_in(self._grounding.get("groundingSupports")):
            segment = object_in(support, "segment")
            # The first byte is not written where it is 0.
            start, end = spans.characters(
                index_in(segment, "startIndex") or 0,
                index_in(segment, "endIndex"),
                text_in(segment, "text"),
            )
            for place in values_in(support.get("groundingChunkIndices")):
                if isinstance(place, int) and 0 <= place < len(chunks):
                    supported.add(place)
                    cite(_citation(chunks[place], start, end), events)
        for place, chunk in enumerate(chunks):
            if place not in supported:
                cite(_citation(chunk, None, None), events)


def _citation(chunk: Mapping[str, Any], start: int | None, end: int | None) -> Citation:
    """Return a source: a page, a place on the map, or a document of a store."""
    source = next(objects_in(list(chunk.values())), NOTHING)
    return Citation(
        start=start,
        end=end,
        url=text_in(source, "uri"),
        title=text_in(source, "title"),
        cited_text=text_in(source, "text"),
        source_id=text_in(source, "placeId", "documentName", "document"),
    )
