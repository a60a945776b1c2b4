"""Curves drawn with braille characters, each of which has two by four dots.

The dots of a character are bits of its code point (Unicode 16, chapter 21.1): the left column has
the bits 0, 1, 2 and 6 from above, the right one 3, 4, 5 and 7.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

BLANK = "\u2800"
"""The character without dots."""

_BITS = ((0, 1, 2, 6), (3, 4, 5, 7))
_ACROSS = 2
_DOWN = 4


def curve(
    values: Sequence[float | None], *, low: float, high: float, height: int
) -> tuple[str, ...]:
    """Return the lines of a curve on a logarithmic axis, the highest first.

    Two values share a character; `None` draws nothing. Neighbours are connected by lines.

    Raises:
        ValueError: `low` is not above 0 and below `high`, or `height` is below 1.
    """
    if not 0 < low < high or height < 1:
        raise ValueError("`low` must be above 0 and below `high`, and `height` at least 1")
    width = -(-len(values) // _ACROSS)
    cells = [[ord(BLANK)] * width for _ in range(height)]
    rows = height * _DOWN
    before: int | None = None
    for place, value in enumerate(values):
        if value is None:
            before = None
            continue
        share = math.log(min(max(value, low), high) / low) / math.log(high / low)
        row = round((1 - share) * (rows - 1))
        # The line to the neighbour stands in this column and leaves out the neighbour's own row.
        start = row if before is None or before == row else before + (1 if row > before else -1)
        for dot in range(min(start, row), max(start, row) + 1):
            cells[dot // _DOWN][place // _ACROSS] |= 1 << _BITS[place % _ACROSS][dot % _DOWN]
        before = row
    return tuple("".join(map(chr, line)) for line in cells)


def merged(one: str, other: str) -> str:
    """Return the character that has the dots of both."""
    return chr(ord(one) | ord(other))
