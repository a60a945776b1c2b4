"""Reads the sources that an answer names.

A citation is never worth an answer: a field of an unexpected shape is left out, and a citation that
names no source and no text is skipped.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.citations import Citation
from routersvc.domain.conversation.deltas import CitationDelta

_FAR = 2**53
"""Beyond this, an index is nonsense: JSON itself does not carry it exactly."""


NOTHING: Mapping[str, Any] = MappingProxyType({})
"""Stands for an object that is not there."""


def values_in(value: object) -> Sequence[object]:
    """Return the items of a list, none where it is no list."""
    return cast("Sequence[object]", value) if isinstance(value, list) else ()


def text_in(source: Mapping[str, Any], *fields: str) -> str:
    """Return the first text that is not empty among these fields."""
    for field in fields:
        value: object = source.get(field)
        if isinstance(value, str) and value:
            return value
    return ""


def index_in(source: Mapping[str, Any], field: str) -> int | None:
    """Return an index, `None` where there is no sensible one."""
    value: object = source.get(field)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _FAR:
        return value
    return None


def objects_in(value: object) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a list, or the one object, that `value` is."""
    values: Sequence[object] = (
        cast("Sequence[object]", value) if isinstance(value, list) else (value,)
    )
    for item in values:
        if isinstance(item, dict):
            yield cast("Mapping[str, Any]", item)


def object_in(source: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    """Return the object in a field, an empty one where there is none."""
    return next(objects_in(source.get(field)), NOTHING)


def span(start: int | None, end: int | None, *, offset: int = 0) -> tuple[int | None, int | None]:
    """Return where the cited text stands in the answer; nothing where the span is not one."""
    if start is None or end is None or end < start:
        return None, None
    return start + offset, end + offset


def cite(citation: Citation, events: list[AnswerEvent]) -> None:
    """Append a citation that names anything."""
    if citation.url or citation.title or citation.cited_text or citation.source_id:
        events.append(CitationDelta(citation=citation))


class Utf8Spans:
    """Finds spans in a text that a vendor counts in bytes of UTF-8."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends = None if text.isascii() else list(itertools.accumulate(map(_width, text)))

    def characters(
        self, start: int, end: int | None, quoted: str
    ) -> tuple[int, int] | tuple[None, None]:
        """Return the span in characters, by the text that is quoted where there is one."""
        if end is not None and start <= end:
            first, last = self._at(start), self._at(end)
            if last <= len(self._text) and quoted in {"", self._text[first:last]}:
                return first, last
        if quoted:
            first = self._text.find(quoted)
            if first >= 0:
                return first, first + len(quoted)
        return None, None

    def _at(self, byte: int) -> int:
        return byte if self._ends is None else bisect.bisect_right(self._ends, byte)


def _width(character: str) -> int:
    return len(character.encode("utf-8", "surrogatepass"))
