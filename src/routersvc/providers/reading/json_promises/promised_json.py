"""Reads JSON that was promised where a model wrote something around it.

Reasoning models behind some servers write their thoughts before the JSON (`<think>…</think>`, or
the end mark alone where the template opened the thought), and many models put a fence around it.
The thoughts become thoughts, the fence is removed. Text that begins as JSON passes at once; other
text is held back until it is known what it is, which takes time in proportion to its length.
"""

from __future__ import annotations

import enum
import re

_BEGINNINGS = ("{", "[")
_MARKS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "[THINK]": "[/THINK]",
}
"""How thoughts begin and end in a text."""

_LONGEST_MARK = max(map(len, _MARKS.values()))
_ANY_END_MARK = re.compile("|".join(map(re.escape, _MARKS.values())))
_FENCE_BEGINNING = re.compile(r"```[A-Za-z0-9_-]{0,16}[ \t]*\r?\n?")
_FENCE_END = "```"


class _State(enum.Enum):
    BEGINNING = "beginning"
    THOUGHT = "thought"
    UNCLEAR = "unclear"
    TEXT = "text"


class PromisedJson:
    """Splits the text of an answer, as it arrives, into thoughts and JSON.

    In the state `BEGINNING`, `_held` is the short beginning that could still be a mark, without
    white space before it. Later it is the end of what arrived, which could be half of a mark.
    """

    __slots__ = ("_end_mark", "_held", "_json", "_pieces", "_state")

    def __init__(self, *, continues: bool) -> None:
        """`continues`: the text begins in the middle of the JSON."""
        self._state = _State.TEXT if continues else _State.BEGINNING
        self._held = ""
        self._pieces: list[str] = []
        self._end_mark = _ANY_END_MARK
        self._json: list[str] = []

    @property
    def json(self) -> str:
        """The JSON that was passed on so far."""
        return "".join(self._json)

    def feed(self, text: str) -> tuple[str, str]:
        """Return the thought and the JSON that `text` completes, in this order."""
        if self._state is _State.TEXT:
            self._json.append(text)
            return "", text
        return self._split(text)

    def end(self) -> tuple[str, str]:
        """Return what was held back, at the end of the answer."""
        held = "".join((*self._pieces, self._held))
        state, self._state = self._state, _State.TEXT
        self._pieces.clear()
        self._held = ""
        if state is _State.THOUGHT:
            return held, ""
        return "", self._passed(_without_fence(held))

    def _split(self, text: str) -> tuple[str, str]:
        thought = ""
        rest: str | None = text
        while rest is not None:
            match self._state:
                case _State.BEGINNING:
                    rest = self._begin(rest)
                case _State.TEXT:
                    return thought, self._passed(rest)
                case _:
                    piece, rest = self._think(rest)
                    thought += piece
        return thought, ""

    def _begin(self, text: str) -> str | None:
        """Look at the beginning; return what is left where that decides the next state."""
        start = (self._held + text).lstrip()
        self._held = ""
        for mark, end in _MARKS.items():
            if start.startswith(mark):
                self._state = _State.THOUGHT
                self._end_mark = re.compile(re.escape(end))
                return start[len(mark) :]
            if mark.startswith(start):
                self._held = start
                return None
        if start.startswith(_BEGINNINGS):
            self._state = _State.TEXT
            return start
        self._state = _State.UNCLEAR
        self._end_mark = _ANY_END_MARK
        return start

    def _think(self, text: str) -> tuple[str, str | None]:
        """Return the thought as far as it is known to be one, and the rest after its end."""
        text = self._held + text
        found = self._end_mark.search(text)
        if found is None:
            keep = max(0, len(text) - _LONGEST_MARK)
            piece, self._held = text[:keep], text[keep:]
            if self._state is _State.THOUGHT:
                return piece, None
            self._pieces.append(piece)
            return "", None
        self._held = ""
        self._state = _State.BEGINNING
        thought = "".join((*self._pieces, text[: found.start()]))
        self._pieces.clear()
        return thought, text[found.end() :]

    def _passed(self, text: str) -> str:
        if text:
            self._json.append(text)
        return text


def _without_fence(text: str) -> str:
    """Return the content of a text that is one fenced block; any other text as it is."""
    bare = text.strip()
    opened = _FENCE_BEGINNING.match(bare)
    if opened is None or not bare.endswith(_FENCE_END) or len(bare) < opened.end() + 3:
        return text
    return bare[opened.end() : -len(_FENCE_END)].rstrip()
