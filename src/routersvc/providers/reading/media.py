"""Media in answers: pictures and sound, by value or by address."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote_to_bytes

from routersvc.domain.conversation.deltas import MediaDelta
from routersvc.domain.conversation.parts import Modality

_KINDS_BY_ENDING = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "svg": "image/svg+xml",
    "avif": "image/avif",
    "bmp": "image/bmp",
}
_USUAL_KIND = "image/png"
_ADDRESSES = ("https://", "http://")
_LONGEST_ADDRESS = 16_384
_LONGEST_KIND = 128


def media_bytes(data: object) -> bytes:
    """Return bytes that are written in base64.

    Raises:
        ValueError: they are not.
        TypeError: they are not text.
    """
    if not isinstance(data, str):
        raise TypeError("media is not base64")
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise ValueError("media is not base64") from error


def picture_at(address: object, *, index: int) -> MediaDelta:
    """Return the picture at an address: a `data:` URL, an `https:` URL, or base64 alone.

    A picture that stands elsewhere is passed on by its address: the router fetches nothing.

    Raises:
        TypeError: it is no text.
        ValueError: it holds no picture.
    """
    if not isinstance(address, str):
        raise TypeError("the address of a picture is no text")
    if address.startswith("data:"):
        header, _, content = address.removeprefix("data:").partition(",")
        kind, *parameters = header.split(";")
        data = media_bytes(content) if "base64" in parameters else unquote_to_bytes(content)
        return MediaDelta(
            modality=Modality.IMAGE, media_type=_picture_kind(kind), data=data, index=index
        )
    if address.startswith(_ADDRESSES):
        if len(address) > _LONGEST_ADDRESS:
            raise ValueError("the address of a picture is too long")
        ending = address.partition("?")[0].rpartition(".")[2].lower()
        kind = _KINDS_BY_ENDING.get(ending, _USUAL_KIND)
        return MediaDelta(modality=Modality.IMAGE, media_type=kind, url=address, index=index)
    return MediaDelta(
        modality=Modality.IMAGE, media_type=_USUAL_KIND, data=media_bytes(address), index=index
    )


def _picture_kind(kind: str) -> str:
    is_kind = kind.startswith("image/") and len(kind) <= _LONGEST_KIND and kind.isprintable()
    return kind if is_kind else _USUAL_KIND
