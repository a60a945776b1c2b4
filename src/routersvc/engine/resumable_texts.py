"""The text of an answer so far, from which another attempt can resume after the stream breaks."""

from __future__ import annotations

from collections.abc import Iterable

from routersvc.domain.conversation.deltas import MediaDelta, RefusalDelta, TextDelta, ToolCallDelta
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
            elif isinstance(event, RefusalDelta | ToolCallDelta | MediaDelta):
                self._pieces = None

    def prefill(self) -> str:
        """Return the text to resume from; empty where the answer cannot be resumed."""
        return resumable("".join(self._pieces or ()))
