"""Keeps the position of a signature, so that it is sent back in the same place.

Google signs parts of any kind: thoughts, calls, and the text or image of an answer. The contract
has signatures on calls and thoughts only; the signature of a text or image therefore travels as a
thought without text, with its place before it.
"""

from __future__ import annotations

import enum


class Place(enum.Enum):
    """The kind of part that was signed, if not a thought."""

    TEXT = b"text:"
    MEDIA = b"media:"


def encode_signature(signature: str, place: Place | None) -> bytes:
    """Return the signature for the contract; the vendor's base64 is kept as it is."""
    prefix = b"" if place is None else place.value
    return prefix + signature.encode()


def returned(carried: bytes) -> tuple[str, Place | None] | None:
    """Return a signature and its place; `None` for another vendor's signature."""
    for place in Place:
        if carried.startswith(place.value):
            return _base64(carried.removeprefix(place.value), place)
    return _base64(carried, None)


def _base64(signature: bytes, place: Place | None) -> tuple[str, Place | None] | None:
    if not signature or signature.translate(None, _ALPHABET):
        return None
    return signature.decode("ascii"), place


_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_"
