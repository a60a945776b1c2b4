"""The text of an answer so far, from which another attempt can resume after the stream breaks."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from routersvc.domain.conversation.deltas import (
    CitationDelta,
    MediaDelta,
    RefusalDelta,
    TextDelta,
    ToolCallDelta,
)
from routersvc.domain.conversation.prefills import resumable
from routersvc.engine.call_events import CallEvent


class ResumableText:
    """Collects the text that a caller has received. `prefill` is text that it starts with.

    An answer that contains anything but text cannot be resumed.
    """

    __slots__ = ("_pieces",)

    def __init__(self, prefill: str = "") -> None:
        self._pieces: list[str] | None = [prefill]

    def add(self, events: Iterable[CallEvent]) -> None:
        """Add what the caller receives."""
        for event in events:
            if isinstance(event, TextDelta) and self._pieces is not None:
                self._pieces.append(event.text)
            elif isinstance(event, RefusalDelta | ToolCallDelta | MediaDelta | CitationDelta):
                self._pieces = None

    def prefill(self) -> str:
        """Return the text to resume from; empty where the answer cannot be resumed."""
        return resumable("".join(self._pieces or ()))


def shifted_citations(events: Sequence[CallEvent], kept: int) -> list[CallEvent]:
    """Return the events of an attempt that continues a text of `kept` characters.

    The attempt counts the spans of its citations from its own first character.
    """
    return [
        CitationDelta(
            citation=dataclasses.replace(
                event.citation, start=event.citation.start + kept, end=event.citation.end + kept
            )
        )
        if isinstance(event, CitationDelta)
        and event.citation.start is not None
        and event.citation.end is not None
        else event
        for event in events
    ]
