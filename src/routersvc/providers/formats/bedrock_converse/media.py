"""Writes pictures, sound and documents: bytes, or an object in S3."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.conversation.parts import AudioPart, FilePart, ImagePart
from routersvc.providers.formats.bedrock_converse.dialects import DIALECT
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.writing.data_urls import parse_data_url

_IMAGES: Mapping[str, str] = MappingProxyType(
    {"image/png": "png", "image/jpeg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
)
_SOUNDS: Mapping[str, str] = MappingProxyType(
    {
        "audio/mpeg": "mp3",
        "audio/mp3": "mp3",
        "audio/opus": "opus",
        "audio/wav": "wav",
        "audio/x-wav": "wav",
        "audio/wave": "wav",
        "audio/aac": "aac",
        "audio/x-aac": "x-aac",
        "audio/flac": "flac",
        "audio/mp4": "mp4",
        "audio/ogg": "ogg",
        "audio/m4a": "m4a",
        "audio/pcm": "pcm",
        "audio/webm": "webm",
    }
)
_DOCUMENTS: Mapping[str, str] = MappingProxyType(
    {
        "application/pdf": "pdf",
        "text/csv": "csv",
        "application/msword": "doc",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
        "application/vnd.ms-excel": "xls",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
        "text/html": "html",
        "text/plain": "txt",
        "text/markdown": "md",
    }
)
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9 \-()\[\]]+")
"""Characters that the vendor refuses in the name of a document."""

_MAX_NAME = 200


def image_block(image: ImagePart) -> JsonObject:
    """Return the block of a picture, without a cache marker.

    Raises:
        AttemptFailedError: the format cannot express it.
    """
    if image.detail is not None:
        raise DIALECT.cannot_express("how closely a picture is looked at")
    media_type, source = _given(image.data, image.media_type, image.url, "a picture")
    return {"image": {"format": _format(_IMAGES, media_type, "a picture"), "source": source}}


def audio_block(audio: AudioPart) -> JsonObject:
    """Return the block of a recording; its transcript is left out, because the sound holds it.

    Raises:
        AttemptFailedError: the format cannot express it.
    """
    source = {"bytes": base64.b64encode(audio.data).decode("ascii")}
    return {"audio": {"format": _format(_SOUNDS, audio.media_type, "sound"), "source": source}}


def document_block(file: FilePart) -> JsonObject:
    """Return the block of a document, without a cache marker; each needs a name.

    Raises:
        AttemptFailedError: the format cannot express it.
    """
    if file.file_id is not None:
        raise DIALECT.cannot_express("a document by its id")
    media_type, source = _given(file.data, file.media_type, file.url, "a document")
    return {
        "document": {
            "format": _format(_DOCUMENTS, media_type, "a document"),
            "name": _NOT_IN_NAMES.sub("-", file.name)[:_MAX_NAME].strip() or "document",
            "source": source,
        }
    }


def _given(
    data: bytes | None, media_type: str, url: str | None, what: str
) -> tuple[str, JsonObject]:
    if url is not None:
        if url.startswith("s3://"):
            return media_type, {"s3Location": {"uri": url}}
        given = parse_data_url(url)
        if given is None:
            raise DIALECT.cannot_express(f"{what} by its address, unless that is in S3")
        media_type, data = given
    return media_type, {"bytes": base64.b64encode(data or b"").decode("ascii")}


def _format(formats: Mapping[str, str], media_type: str, what: str) -> str:
    found = formats.get(media_type.partition(";")[0].strip().lower())
    if found is None:
        raise DIALECT.cannot_express(f"{what} of the type `{media_type}`")
    return found
