"""Writes pictures and documents as content blocks."""

from __future__ import annotations

import base64

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.conversation.parts import FilePart, ImagePart
from routersvc.providers.formats.anthropic_messages.dialects import AnthropicDialect
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.writing.data_urls import parse_data_url

IMAGE_TYPES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_PDF = "application/pdf"


def image_block(image: ImagePart, dialect: AnthropicDialect) -> JsonObject:
    """Return the block of a picture, without its cache marker.

    Raises:
        AttemptFailedError: the dialect cannot express it.
    """
    dialect.require(Capability.IMAGE_INPUT, "a picture")
    if image.detail is not None:
        raise dialect.cannot_express("how closely a picture is looked at")
    data, media_type = image.data, image.media_type
    if image.url is not None:
        given = parse_data_url(image.url)
        if given is None:
            if not dialect.addresses:
                raise dialect.cannot_express("a picture by its address")
            return {"type": "image", "source": {"type": "url", "url": image.url}}
        media_type, data = given
    if media_type.lower() not in IMAGE_TYPES:
        raise dialect.cannot_express(f"a picture of the type `{media_type}`")
    return {"type": "image", "source": _base64(data or b"", media_type.lower())}


def document_block(file: FilePart, dialect: AnthropicDialect) -> JsonObject:
    """Return the block of a document, without its cache marker.

    Raises:
        AttemptFailedError: the dialect cannot express it.
    """
    dialect.require(Capability.FILE_INPUT, "a document")
    block: JsonObject = {"type": "document", "source": _document_source(file, dialect)}
    if file.name:
        block["title"] = file.name
    return block


def _document_source(file: FilePart, dialect: AnthropicDialect) -> JsonObject:
    if file.file_id is not None:
        if not dialect.file_ids:
            raise dialect.cannot_express("a document by its id")
        return {"type": "file", "file_id": file.file_id}
    data, media_type = file.data, file.media_type
    if file.url is not None:
        given = parse_data_url(file.url)
        if given is None:
            if not dialect.addresses:
                raise dialect.cannot_express("a document by its address")
            return {"type": "url", "url": file.url}
        media_type, data = given
    data = data or b""
    kind = media_type.partition(";")[0].strip().lower()
    if kind == _PDF:
        return _base64(data, _PDF)
    if kind.startswith("text/"):
        try:
            return {"type": "text", "media_type": "text/plain", "data": data.decode("utf-8")}
        except UnicodeDecodeError:
            raise dialect.cannot_express("a text document that is not UTF-8") from None
    raise dialect.cannot_express(f"a document of the type `{media_type}`")


def _base64(data: bytes, media_type: str) -> JsonObject:
    encoded = base64.b64encode(data).decode("ascii")
    return {"type": "base64", "media_type": media_type, "data": encoded}
