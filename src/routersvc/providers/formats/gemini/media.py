"""Writes images, audio and documents: bytes, or a URL with its media type."""

from __future__ import annotations

import base64
import posixpath
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from routersvc.domain.conversation.parts import AudioPart, FilePart, ImageDetail, ImagePart
from routersvc.providers.formats.gemini.dialects import GeminiDialect
from routersvc.providers.reading.json_values import JsonObject

_TYPES: Mapping[str, str] = MappingProxyType(
    {
        ".png": "image/png",
        ".jpg": "image/jpeg",
        ".jpeg": "image/jpeg",
        ".webp": "image/webp",
        ".heic": "image/heic",
        ".heif": "image/heif",
        ".gif": "image/gif",
        ".pdf": "application/pdf",
        ".txt": "text/plain",
        ".md": "text/markdown",
        ".html": "text/html",
        ".csv": "text/csv",
        ".json": "application/json",
        ".mp3": "audio/mpeg",
        ".wav": "audio/wav",
        ".mp4": "video/mp4",
    }
)
"""Media types by suffix of the URL: Vertex AI requires a type."""

_RESOLUTIONS: Mapping[ImageDetail, str] = MappingProxyType(
    {ImageDetail.LOW: "MEDIA_RESOLUTION_LOW", ImageDetail.HIGH: "MEDIA_RESOLUTION_HIGH"}
)


def encode_media(part: ImagePart | AudioPart | FilePart, dialect: GeminiDialect) -> JsonObject:
    """Return a part with the bytes or their URL. A transcript is left out: the sound holds it.

    Raises:
        AttemptFailedError: it is a URL of unknown media type.
    """
    if part.cache is not None:
        raise dialect.cannot_express("a cache marker")
    match part:
        case AudioPart():
            return _inline(part.data, part.media_type)
        case ImagePart():
            encoded = _image(part, dialect)
            if part.detail is not None:
                encoded["mediaResolution"] = {"level": _RESOLUTIONS[part.detail]}
            return encoded
        case FilePart():
            return _file(part, dialect)


def _image(image: ImagePart, dialect: GeminiDialect) -> JsonObject:
    if image.url is None:
        return _inline(image.data or b"", image.media_type)
    if image.url.startswith("data:"):
        header, _, data = image.url.removeprefix("data:").partition(",")
        media_type, _, encoding = header.partition(";")
        if not encoding.endswith("base64"):
            raise dialect.cannot_express("a picture in a `data:` address without base64")
        return {"inlineData": {"mimeType": image.media_type or media_type, "data": data}}
    return _address(image.url, image.media_type, dialect, "a picture")


def _file(file: FilePart, dialect: GeminiDialect) -> JsonObject:
    if file.file_id is not None:
        named: JsonObject = {"fileUri": file.file_id}
        if file.media_type:
            named["mimeType"] = file.media_type
        return {"fileData": named}
    if file.url is not None:
        return _address(file.url, file.media_type, dialect, "a document")
    return _inline(file.data or b"", file.media_type)


def _inline(data: bytes, media_type: str) -> JsonObject:
    encoded = base64.b64encode(data).decode("ascii")
    return {"inlineData": {"mimeType": media_type, "data": encoded}}


def _address(url: str, media_type: str, dialect: GeminiDialect, what: str) -> JsonObject:
    ending = posixpath.splitext(urlsplit(url).path)[1].lower()
    known = media_type or _TYPES.get(ending)
    if known is None:
        raise dialect.cannot_express(f"{what} by its address without its media type")
    return {"fileData": {"fileUri": url, "mimeType": known}}
