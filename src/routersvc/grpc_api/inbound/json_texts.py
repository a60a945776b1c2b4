"""Nesting and size of JSON in a request, without a parse: such JSON upsets parsers of providers.

Everything here is a few passes of C code over pieces of the text, and ends where a limit is
exceeded, so that a megabyte takes a few milliseconds, whatever it holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

PIECE = 64 * 1024
"""Bytes that are looked at together."""

_STRUCTURE = b'[]{},"'
_OTHERS = bytes(sorted(set(range(256)) - set(_STRUCTURE)))
_STEPS = bytes.maketrans(b"[]{}", b"\x01\xff\x01\xff")
"""What a bracket adds to the depth, as a signed byte."""


class JsonSize(NamedTuple):
    """How many objects, arrays and further members a text holds, and how deep they are nested.

    `depth` is 0 where a limit cannot be reached. The size of a text that exceeds a limit is that of
    its start.
    """

    values: int
    depth: int


def size_of(text: str | bytes, *, most_values: int, deepest: int) -> JsonSize:
    """Return the size of a text that may be JSON, up to where it exceeds a limit.

    For a short text within the limits, brackets and commas in strings count as values.
    """
    if len(text) <= PIECE:
        brackets, commas = _counted(text)
        if brackets <= deepest and brackets + commas <= most_values:
            return JsonSize(brackets + commas, 0)
    values = depth = greatest = 0
    for structure in _structures(
        text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    ):
        brackets, commas = _counted(structure)
        values += brackets + commas
        steps = memoryview(structure.translate(_STEPS, b",")).cast("b")
        if depth + brackets > deepest:
            reached = max(accumulate(steps, initial=depth))
            greatest = max(greatest, reached)
        depth += 2 * brackets - len(steps)
        if values > most_values or greatest > deepest:
            break
    return JsonSize(values, greatest)


def _counted(text: str | bytes) -> tuple[int, int]:
    """Return the number of opening brackets and of commas."""
    if isinstance(text, str):
        return text.count("{") + text.count("["), text.count(",")
    return text.count(b"{") + text.count(b"["), text.count(b",")


def _structures(raw: bytes) -> Iterator[bytes]:
    """Yield the brackets and commas outside of strings, piece by piece.

    A string without an end reaches to the end.
    """
    start = 0
    is_inside = False
    while start < len(raw):
        piece = raw[start : start + PIECE]
        if (len(piece) - len(piece.rstrip(b"\\"))) % 2:
            # A piece ends behind the character that a backslash escapes.
            piece = raw[start : start + PIECE + 1]
        start += len(piece)
        if b"\\" in piece:
            piece = piece.replace(b"\\\\", b"").replace(b'\\"', b"")
        structure = piece.translate(None, _OTHERS)
        if is_inside:
            structure = b'"' + structure
        # Where two quotation marks meet, the rest is inside or outside as before without them.
        structure = structure.replace(b'""', b"")
        is_inside = bool(structure.count(b'"') % 2)
        yield b"".join(structure.split(b'"')[::2])
