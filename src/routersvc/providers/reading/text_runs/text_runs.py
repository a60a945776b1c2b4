"""Runs of stream events that differ in nothing but their text: only the first of them is parsed.

Most events of an answer repeat the same bytes around a few characters. Where one has been read,
what stands before and after its text is known. Later events with the same bytes around a JSON
string can differ in the text only: all that have arrived are cut apart and decoded together,
neither split into lines nor parsed one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

import orjson

_PATIENCE = 4
"""Events that are learned in vain: some vendors change a field in every one."""

_NOT_PLAIN = b'"\\' + bytes(range(0x20))
"""What ends a JSON string, begins an escape or is not allowed in one."""

_FRAME_ENDS = (b"\n\n", b"\r\n\r\n")


class PlainText(NamedTuple):
    """The text of an event that has nothing else of interest.

    `noise` is a string after it that nobody reads.
    """

    text: str
    noise: str = ""


class Found(NamedTuple):
    """The texts of `pieces` events, joined, and how many bytes these events take."""

    text: str
    pieces: int
    size: int


class TextRun:
    """The bytes around the text of the last event that had nothing else of interest.

    Whoever learns an event has to see to it that reading the same event again would do nothing but
    add its text again.
    """

    __slots__ = ("_between", "_closing", "_opening", "_patience")

    def __init__(self) -> None:
        self._opening = b""
        self._between = b""
        self._closing = b""
        self._patience = _PATIENCE

    @property
    def expects(self) -> bool:
        """Whether an event has been learned."""
        return bool(self._opening)

    @property
    def learns(self) -> bool:
        """Whether learning has been of use, or is new."""
        return self._patience > 0

    def learn(self, frame: bytes, plain: PlainText) -> None:
        """Take the surroundings of a text from an event; from then on they are what is expected.

        `frame` is all of the event with the empty line that ends it. Without an escape, the JSON
        string of the text stands in the event as it is. Where it stands there once, that is the
        text.
        """
        if b"\\" in frame:
            return
        text, noise = plain
        self._opening = b""
        self._patience -= 1
        place = _place_of(text, frame)
        if place < 0 or not frame.endswith(_FRAME_ENDS):
            return
        end = place + len(text.encode())
        noise_place = _place_of(noise, frame) if noise else end
        if noise_place < end:
            return
        self._between = frame[end:noise_place]
        self._closing = frame[noise_place + len(noise.encode()) :]
        self._opening = frame[:place]

    def forget(self) -> None:
        """Expect nothing, until another event is learned."""
        self._opening = b""

    def find(self, data: bytes) -> Found | None:
        """Return the texts of the events at the start of `data` that are as expected.

        `data` begins where an event begins. `None` if the first event is another one, or has not
        come whole.
        """
        opening = self._opening
        if not opening or not data.startswith(opening):
            return None
        found = self._find(data)
        if found is not None:
            self._patience = _PATIENCE
        return found

    def _find(self, data: bytes) -> Found | None:
        opening, closing = self._opening, self._closing
        last = data.rfind(closing)
        if last < len(opening):
            return None
        # A text cannot hold what separates two of them: it has quotes and line ends.
        parts = data[len(opening) : last].split(closing + opening)
        joined = self._joined(parts)
        if joined is not None:
            return Found(joined, len(parts), last + len(closing))
        texts: list[str] = []
        size = 0
        for part in parts:
            # Another event may stand between two that are as expected.
            content = part.partition(closing)[0]
            text = self._text(content)
            if text is None:
                break
            texts.append(text)
            size += len(opening) + len(content) + len(closing)
            if len(content) < len(part):
                break
        return Found("".join(texts), len(texts), size) if texts else None

    def _joined(self, parts: Sequence[bytes]) -> str | None:
        """Return all texts joined, `None` where one of them has to be looked at by itself."""
        between = self._between
        if between:
            split = [part.partition(between) for part in parts]
            noise = b"".join([each[2] for each in split])
            if not (all(each[1] for each in split) and noise.isascii() and _is_plain(noise)):
                return None
            parts = [each[0] for each in split]
        joined = b"".join(parts)
        return joined.decode("ascii") if joined.isascii() and _is_plain(joined) else None

    def _text(self, content: bytes) -> str | None:
        """Return the text of one event, `None` where more than that differs."""
        if not self._between:
            return _string(content)
        text, between, noise = content.partition(self._between)
        return _string(text) if between and _string(noise) is not None else None


def end_of_frame(data: bytes) -> int:
    """Return where the first event of a stream ends, with its empty line; 0 if it has not ended."""
    for end in _FRAME_ENDS:
        place = data.find(end)
        if place >= 0:
            return place + len(end)
    return 0


def _is_plain(content: bytes) -> bool:
    """Return whether the content of JSON strings has nothing but what stands for itself."""
    return len(content.translate(None, _NOT_PLAIN)) == len(content)


def _string(content: bytes) -> str | None:
    """Return the JSON string with this content, `None` if it is not the content of one."""
    try:
        if _is_plain(content):
            return content.decode()
        if b"\\" in content:
            return cast("str", orjson.loads(b'"%b"' % content))
    except ValueError:
        pass
    return None


def _place_of(text: str, frame: bytes) -> int:
    """Return where a JSON string with this text begins, -1 unless `frame` has it once."""
    written = b'"%b"' % text.encode()
    place = frame.find(written)
    return place + 1 if place >= 0 and frame.rfind(written) == place else -1
