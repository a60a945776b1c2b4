"""Reads and writes `data:` URLs (RFC 2397)."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote_to_bytes

_DEFAULT_TYPE = "text/plain"


def parse_data_url(url: str) -> tuple[str, bytes] | None:
    """Return media type and content of a `data:` URL, `None` where it is none or is broken."""
    if url[:5].lower() != "data:":
        return None
    header, comma, content = url[5:].partition(",")
    if not comma:
        return None
    media_type, *parameters = header.split(";")
    if "base64" in {parameter.strip().lower() for parameter in parameters}:
        try:
            data = base64.b64decode(unquote_to_bytes(content), validate=True)
        except binascii.Error:
            return None
    else:
        data = unquote_to_bytes(content)
    return media_type.strip() or _DEFAULT_TYPE, data


def data_url(data: bytes | None, media_type: str) -> str:
    """Return content as a `data:` URL."""
    return f"data:{media_type};base64,{base64.b64encode(data or b'').decode('ascii')}"
