"""JSON as this package handles it, and the JSON texts that the contract carries."""

from __future__ import annotations

import json
import math
from typing import Any, cast

import orjson

from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure

JsonObject = dict[str, Any]

PARSED_UP_TO = 64 * 1024
"""Bytes or characters of a tool's result that are parsed where a vendor takes an object: some
milliseconds. A longer one is sent as the text that it is."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CONTAINERS = (b"{", b"[")
_CONTAINER_ENDS = (b"}", b"]")
_TEXT_FIELDS = ("text", "content", "summary", "thinking", "reasoning")
_DEEPEST_TEXT = 4


def read_json(data: bytes | bytearray | str) -> Any:  # noqa: ANN401 - any JSON
    """Return the JSON value in `data`, which a vendor wrote.

    What vendors write beyond the standard is read too: `NaN` and `Infinity` are null, half a
    surrogate pair is U+FFFD, a byte order mark and control characters in texts are accepted.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return _read_leniently(data)


def object_in(text: str, field: str) -> JsonObject:
    """Return the JSON object that `text` holds.

    Raises:
        AttemptFailedError: it holds something else.
    """
    value = json_object(text)
    if value is None:
        raise AttemptFailedError(
            Failure(
                failure_class=FailureClass.INVALID_REQUEST,
                message=f"`{field}` is not a JSON object",
            )
        )
    return value


def is_json(text: str) -> bool:
    r"""Return whether `text` is one JSON value; half a surrogate pair (`\ud83d`) is allowed."""
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return _has_surrogate_halves(text)
    return True


def json_object(data: bytes | str) -> JsonObject | None:
    """Return the JSON object that `data` holds; `None` where it holds something else."""
    try:
        value: object = orjson.loads(data)
    except orjson.JSONDecodeError:
        if isinstance(data, bytes) or not _has_surrogate_halves(data):
            return None
        value = read_json(data)
    return cast("JsonObject", value) if isinstance(value, dict) else None


def object_of(value: object) -> JsonObject:
    """Return a JSON object, an empty one where a vendor wrote something else."""
    return cast("JsonObject", value) if isinstance(value, dict) else {}


def objects_of(value: object) -> list[JsonObject]:
    """Return the JSON objects in a list, none where a vendor wrote something else."""
    if not isinstance(value, list):
        return []
    items = cast("list[object]", value)
    return [cast("JsonObject", item) for item in items if isinstance(item, dict)]


def text_of(value: object) -> str:
    """Return a text, empty where there is none.

    Raises:
        TypeError: it is something else.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    return value


def part_text(value: object, depth: int = 0) -> str:
    """Return a text, or those of its parts joined where it is written so; empty where none is."""
    if isinstance(value, str):
        return value
    if depth < _DEEPEST_TEXT:
        if isinstance(value, list):
            return "".join(part_text(item, depth + 1) for item in cast("list[object]", value))
        if isinstance(value, dict):
            fields = cast("JsonObject", value)
            texts = (part_text(fields.get(name), depth + 1) for name in _TEXT_FIELDS)
            return next(filter(None, texts), "")
    return ""


def _read_leniently(data: bytes | bytearray | str) -> Any:  # noqa: ANN401 - any JSON
    """Return the value in `data`; slower than orjson, so only for what that refuses."""
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else bytes(data)
    raw = raw.removeprefix(_BYTE_ORDER_MARK).strip()
    if not (raw.startswith(_CONTAINERS) and raw.endswith(_CONTAINER_ENDS)):
        raise ValueError("no JSON")
    try:
        value: object = json.loads(
            raw.decode("utf-8", "replace"),
            strict=False,
            parse_constant=_null,
            parse_float=_finite,
        )
        # Written again, so that texts without halves and numbers of 64 bits are all that is left.
        written = json.dumps(value, ensure_ascii=False).encode("utf-16-le", "surrogatepass")
    except RecursionError:
        raise ValueError("JSON is nested too deeply") from None
    return orjson.loads(written.decode("utf-16-le", "replace"))


def _has_surrogate_halves(text: str) -> bool:
    r"""Return whether `text` is JSON whose only fault are halves of pairs, written as `\ud83d`."""
    if "\\ud" not in text and "\\uD" not in text:
        return False
    try:
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _null(_: str) -> None:
    """Return nothing for `NaN`, `Infinity` and `-Infinity`."""


def _refuse(word: str) -> None:
    raise ValueError(f"`{word}` is no JSON")


def _finite(written: str) -> float | None:
    value = float(written)
    return value if math.isfinite(value) else None
