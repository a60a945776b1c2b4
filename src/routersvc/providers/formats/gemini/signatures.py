"""Where a thought's signature has stood, so that it goes back to the same place.

Google signs parts of any kind: thoughts, calls, and the text or the picture of an answer. The
contract has a signature on calls and on thoughts alone; one that stood on a text or a picture
therefore travels as a thought without words, with its place before it.
"""

from __future__ import annotations

import enum


class Place(enum.Enum):
    """The kind of part that a signature stood on, where that was no thought."""

    TEXT = b"text:"
    MEDIA = b"media:"


def travelling(signature: str, place: Place | None) -> bytes:
    """Return what the contract carries; the vendor's base64 is kept letter by letter."""
    prefix = b"" if place is None else place.value
    return prefix + signature.encode()


def returned(carried: bytes) -> tuple[str, Place | None] | None:
    """Return a signature and its place; `None` for one that another vendor has made."""
    for place in Place:
        if carried.startswith(place.value):
            return _base64(carried.removeprefix(place.value), place)
    return _base64(carried, None)


def _base64(signature: bytes, place: Place | None) -> tuple[str, Place | None] | None:
    if not signature or signature.translate(None, _ALPHABET):
        return None
    return signature.decode("ascii"), place


_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_"
