"""Checks that a received answer is complete and comes from one attempt."""

from __future__ import annotations

import re
from collections.abc import Sequence

from routersvc.domain.conversation.answers import Finished
from routersvc.domain.conversation.deltas import TextDelta
from routersvc.engine.call_events import CallEvent, Recovered, RecoveryKind, RouteSelected

_TOKEN = re.compile(r"(\d+)\.(\d+)/(\d+) ")


class ReceivedAnswer:
    """The answer that one caller has received so far; `complaints` are violations as sentences."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.finished = False
        self._selected = False
        self._text_length = 0
        self._serial: str | None = None
        self._next = 0
        self._length = 0

    @property
    def begun(self) -> bool:
        """Whether any event has been received."""
        return self._selected

    def take(self, events: Sequence[CallEvent]) -> None:
        """Add the next events."""
        for event in events:
            if self.finished:
                self.complaints.append("something came after the end")
            match event:
                case RouteSelected():
                    if self._selected:
                        self.complaints.append("a second route was selected")
                    self._selected = True
                case Recovered():
                    self._recovered(event)
                case TextDelta():
                    self._token(event.text)
                case Finished():
                    self.end()
                case _:
                    pass
            if not self._selected:
                self.complaints.append("something came before the route")

    def take_whole(self, text: str) -> None:
        """Add the text of a unary answer."""
        self._selected = True
        tokens = _TOKEN.findall(text)
        if "".join(f"{serial}.{place}/{length} " for serial, place, length in tokens) != text:
            self.complaints.append("an answer is not what was said")
        for serial, place, length in tokens:
            self._token(f"{serial}.{place}/{length} ")
        self.end()

    def end(self) -> None:
        """Check the answer when it is reported as complete."""
        self.finished = True
        if self._serial is None or self._next != self._length:
            self.complaints.append(
                f"a truncated answer was presented as complete: {self._next} of {self._length}"
            )

    def _recovered(self, event: Recovered) -> None:
        if event.kind is RecoveryKind.RESTARTED and event.kept_characters:
            self.complaints.append("a restart keeps nothing")
        if event.kept_characters > self._text_length:
            self.complaints.append("more is kept than was received")
        self._text_length = event.kept_characters
        self._serial = None
        self._next = 0
        self._length = 0

    def _token(self, text: str) -> None:
        match = _TOKEN.fullmatch(text)
        if match is None:
            self.complaints.append("a token is not what was said")
            return
        serial, place, length = match.groups()
        self._text_length += len(text)
        if self._serial is None:
            self._serial = serial
            self._length = int(length)
        elif self._serial != serial:
            self.complaints.append("tokens of two attempts are mixed")
        if int(place) != self._next:
            self.complaints.append(f"token {self._next} was lost, {place} came instead")
        self._next = int(place) + 1
