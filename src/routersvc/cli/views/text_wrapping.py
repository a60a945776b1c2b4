"""Wraps text that arrives in pieces at the width of a terminal.

Pieces are written at once. A word that turns out not to fit is erased and written again on the next
line.
"""

from __future__ import annotations

from rich.cells import cell_len


class WordWrap:
    """The position of one text on a terminal; `width` is in cells."""

    def __init__(self, width: int) -> None:
        # The last cell stays empty: terminals disagree on the position of the cursor after it.
        self._width = max(1, width - 1)
        self._column = 0
        self._word = ""

    def wrapped(self, text: str) -> str:
        """Return the characters to write for the next piece of the text."""
        return "".join(self._written(character) for character in text)

    def _written(self, character: str) -> str:
        if character == "\n":
            self._column, self._word = 0, ""
            return character
        if character == "\t":
            character = " "
        size = cell_len(character)
        moved = ""
        if self._column + size > self._width:
            if character == " ":
                self._column, self._word = 0, ""
                return "\n"
            moved = self._next_line()
        self._column += size
        self._word = "" if character == " " else self._word + character
        return moved + character

    def _next_line(self) -> str:
        """Move the word so far to the next line, unless it fills a line by itself."""
        size = cell_len(self._word)
        if size >= self._column:
            self._column, self._word = 0, ""
            return "\n"
        self._column = size
        erased = f"\x1b[{size}D\x1b[K" if size else ""
        return f"{erased}\n{self._word}"
