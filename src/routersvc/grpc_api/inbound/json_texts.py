"""Nesting and size of JSON in a request, without a parse: such JSON upsets parsers of providers.

Everything here is a few passes of C code over the text, so that a megabyte takes a few
milliseconds, whatever it holds.
"""

from __future__ import annotations

from itertools import accumulate

_STRUCTURE = b'[]{},"'
_OTHERS = bytes(sorted(set(range(256)) - set(_STRUCTURE)))
_STEPS = bytes.maketrans(b"[]{}", b"\x01\xff\x01\xff")
"""What a bracket adds to the depth, as a signed byte."""


def values_in(text: str | bytes, enough: int) -> int:
    """Return how many objects, arrays and further members a text has at most.

    More than `enough` only where it has more. Less is exact where brackets and commas, those in
    strings included, are more than `enough`.
    """
    found = _count(text)
    return found if found <= enough else _count(_without_strings(text, enough))


def is_deeper_than(limit: int, text: str | bytes, *, most: int) -> bool:
    """Whether brackets are nested deeper than `limit`.

    `most` is how many objects, arrays and further members the text has at most.
    """
    opening = ("{", "[") if isinstance(text, str) else (b"{", b"[")
    if sum(map(text.count, opening)) <= limit:  # type: ignore[arg-type]
        return False
    steps = _without_strings(text, most).translate(_STEPS, b",")
    return max(accumulate(memoryview(steps).cast("b")), default=0) > limit


def _count(text: str | bytes) -> int:
    if isinstance(text, str):
        return text.count("{") + text.count("[") + text.count(",")
    return text.count(b"{") + text.count(b"[") + text.count(b",")


def _without_strings(text: str | bytes, enough: int) -> bytes:
    """Return the brackets and commas of a text that stand outside of strings.

    A string without an end reaches to the end. Two strings have a comma or a bracket between them:
    of a text with far more strings than that, the start says that there are more than `enough`.
    """
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if b"\\" in raw:
        raw = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    # Where two quotation marks meet, what stands between the others is inside or outside as before.
    structure = raw.translate(None, _OTHERS).replace(b'""', b"")
    if b'"' not in structure:
        return structure
    return b"".join(structure.split(b'"', 4 * (enough + 1))[: 4 * (enough + 1) : 2])
