"""Runs of chunks that differ in nothing but their text: only the first of them is parsed.

Most chunks of an answer repeat the same JSON around a few characters. Where one has been read, what
stands before and after its text is known. A later chunk with the same bytes around a plain JSON
string can differ in the text only.
"""

from __future__ import annotations

from collections.abc import Sequence

from routersvc.providers.reading.sse import SseEvent

_PATIENCE = 4
"""Chunks that are learned in vain: some vendors change a field in every chunk."""

_NOT_PLAIN = b'"\\' + bytes(range(0x20))
"""What ends a JSON string, begins an escape or is not allowed in one."""


class TextRun:
    """The bytes around the text of the last chunk that had nothing else of interest.

    Whoever learns a chunk has to see to it that reading the same chunk again would do nothing but
    add its text again.
    """

    __slots__ = ("_after", "_before", "_between", "_patience")

    def __init__(self) -> None:
        self._before = b""
        self._between = b""
        self._after = b""
        self._patience = _PATIENCE

    @property
    def learns(self) -> bool:
        """Whether learning has been of use, or is new."""
        return self._patience > 0

    def learn(self, payload: bytes, text: str, noise: str = "") -> None:
        """Take the surroundings of a text from a chunk; from then on they are what is expected.

        Without an escape, the JSON string of the text stands in the chunk as it is. Where it stands
        there once, that is the text. `noise` is a string after it that nobody reads.
        """
        if b"\\" in payload:
            return
        self._before = b""
        self._patience -= 1
        place = _place_of(text, payload)
        if place < 0:
            return
        end = place + len(text.encode())
        noise_place = _place_of(noise, payload) if noise else end
        if noise_place < end:
            return
        self._between = payload[end:noise_place]
        self._after = payload[noise_place + len(noise.encode()) :]
        self._before = payload[:place]

    def forget(self) -> None:
        """Expect nothing, until another chunk is learned."""
        self._before = b""

    def texts(self, pieces: Sequence[SseEvent], place: int) -> list[str]:
        """Return the texts of the chunks from `place` on, up to one that is not as expected."""
        before = self._before
        texts: list[str] = []
        if not before:
            return texts
        between = self._between
        after = self._after
        begin = len(before)
        try:
            for index in range(place, len(pieces)):
                name, payload = pieces[index]
                end = payload.find(b'"', begin)
                rest = end + len(between)
                last = len(payload) - len(after)
                if (
                    name
                    or end < 0
                    or rest > last
                    or not payload.startswith(before)
                    or not payload.startswith(between, end)
                    or not payload.endswith(after)
                ):
                    break
                text = payload[begin:end]
                plain = text
                if between:
                    noise = payload[rest:last]
                    if not noise.isascii():
                        noise.decode()
                    plain = text + noise
                elif rest != last:
                    break
                if plain.translate(None, _NOT_PLAIN) != plain:
                    break
                texts.append(text.decode())
        except UnicodeDecodeError:
            self._before = b""
        if texts:
            self._patience = _PATIENCE
        return texts


def _place_of(text: str, payload: bytes) -> int:
    """Return where a JSON string with this text begins, -1 unless `payload` has it once."""
    written = b'"%b"' % text.encode()
    place = payload.find(written)
    return place + 1 if place >= 0 and payload.rfind(written) == place else -1
