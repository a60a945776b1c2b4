"""Extracts codes and text from an error, in any of the vendors' JSON shapes.

Seen: `{"error": {...}}`, `{"error": "text"}`, a flat object (`"object": "error"`), a `detail` as
web frameworks write it, a message that is an object itself, and an error of another vendor as JSON
text inside `metadata.raw`. AWS sends the code in a header. The text is only compared, never shown.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import cast

import orjson

_MAX_TEXT = 4_000
_MAX_DEPTH = 6
_MAX_ITEMS = 20
_STARTS_LIKE_JSON = re.compile(rb"\{|\[\s*[{\"]")
_CODE_KEYS = frozenset({"code", "type", "error_type", "reason", "status"})
_STATUS_KEYS = frozenset({"code", "status", "status_code", "raw_status_code"})
_TEXT_KEYS = frozenset({"message", "msg", "detail", "error", "raw", "details", "title"})


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ErrorWords:
    """Codes and text of an error in lower case, and the status that it names, if any."""

    codes: frozenset[str]
    text: str = dataclasses.field(repr=False)
    status: int | None = None


def json_of_error(body: bytes) -> object | None:
    """Return the JSON of an error response's body; `None` where the body is none of a vendor's.

    A body that is cut, and one in the frame of a server-sent event, still is the vendor's.
    """
    data = body.strip()
    if data.startswith((b"data:", b"event:")):
        frames = [line[len(b"data:") :] for line in data.splitlines() if line.startswith(b"data:")]
        data = frames[0].strip() if frames else b""
    if not _STARTS_LIKE_JSON.match(data):
        return None
    try:
        value: object = orjson.loads(data)
    except orjson.JSONDecodeError:
        return text_of_page(data)
    return value


def text_of_page(body: bytes) -> str:
    """Return the beginning of a body as text."""
    return body[:_MAX_TEXT].decode("utf-8", "replace")


def code_of_header(headers: Mapping[str, str]) -> frozenset[str]:
    """Return the code in AWS's header `x-amzn-errortype`, without the URL after it."""
    code = headers.get("x-amzn-errortype", "").partition(":")[0].strip().lower()
    return frozenset({code}) if code else frozenset()


def words_of(value: object) -> ErrorWords:
    """Return the words of a decoded error."""
    codes: set[str] = set()
    texts: list[str] = []
    statuses: list[int] = []
    _gather(value, codes, texts, statuses, 0)
    return ErrorWords(
        codes=frozenset(codes),
        text=" ".join(texts)[:_MAX_TEXT].lower(),
        status=statuses[0] if statuses else None,
    )


def _gather(
    value: object, codes: set[str], texts: list[str], statuses: list[int], depth: int
) -> None:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, str):
        nested = _nested(value)
        if nested is None:
            texts.append(value)
        else:
            _gather(nested, codes, texts, statuses, depth + 1)
    elif isinstance(value, list):
        for item in cast("Sequence[object]", value)[:_MAX_ITEMS]:
            _gather(item, codes, texts, statuses, depth + 1)
    elif isinstance(value, dict):
        for key, item in cast("Mapping[str, object]", value).items():
            if key in _CODE_KEYS and isinstance(item, str) and not item.isdigit():
                codes.add(item.lower())
            elif key in _STATUS_KEYS and (status := _status(item)) is not None:
                statuses.append(status)
            elif key in _TEXT_KEYS or not isinstance(item, str):
                _gather(item, codes, texts, statuses, depth + 1)


def _nested(text: str) -> object:
    """Return the JSON object that a text contains, if any."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        value: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return cast("object", value) if isinstance(value, dict) else None


def _status(value: object) -> int | None:
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if isinstance(value, int) and 400 <= value < 600:  # noqa: PLR2004 - HTTP's error statuses
        return value
    return None
