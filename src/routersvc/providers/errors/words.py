"""Extracts codes and text from an error, in any of the vendors' JSON shapes.

Seen: `{"error": {...}}`, `{"error": "text"}`, a flat object (`"object": "error"`), a `detail` as
web frameworks write it, a message that is an object itself, and an error of another vendor as JSON
text inside `metadata.raw`. Watsonx lists `errors`. AWS sends the code in a header.

Only the fields in which vendors speak are read: not `input`, `ctx` or others that repeat the
request. The text is only compared, never shown; what it quotes, and addresses, are left out of the
comparison, because a caller may have written them.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import orjson

_MAX_TEXT = 4_000
_MAX_DEPTH = 6
_MAX_ITEMS = 20
_STARTS_LIKE_JSON = re.compile(rb"\{|\[\s*[{\"]")
_CODE_KEYS = frozenset(
    {"code", "type", "__type", "error_type", "error_code", "reason", "status", "status_code"}
)
_STATUS_KEYS = frozenset({"code", "status", "status_code", "raw_status_code"})
_TEXT_KEYS = frozenset(
    {
        "detail",
        "details",
        "error",
        "error_message",
        "error_msg",
        "message",
        "msg",
        "raw",
        "status_msg",
        "title",
    }
)
_OBJECT_KEYS = _TEXT_KEYS | {
    "base_resp",
    "errors",
    "innererror",
    "inner_error",
    "metadata",
    "response",
}
"""Fields whose objects and lists are read."""

_OWN_KEYS = frozenset(
    {
        "base_resp",
        "details",
        "error",
        "errors",
        "inner_error",
        "innererror",
        "metadata",
        "response",
    }
)
"""Those of them whose codes are the vendor's own. Reports of validators may repeat the request."""

_LONG_NUMBER = re.compile(r"[0-9]{4,6}")
"""Z.ai, MiniMax and Snowflake number their codes; HTTP statuses have three digits."""

_SHORT_NUMBER = re.compile(r"[1-9][0-9]{0,2}")

_QUOTED = re.compile(
    r"https?://\S{1,2000}|\"[^\"]{0,2000}\""
    r"|(?<!\w)(?<!'msg': )(?<!'type': )'[^']{0,2000}'(?!\w)"
)
"""What an error quotes. Some servers print their validator's report, with its `msg`, as text."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ErrorWords:
    """Codes and text of an error in lower case, and the status that it names, if any.

    `own_codes` are those that stand in the fields that the vendor keeps for them; the others come
    from JSON inside a text, or from a validator's report. `text` has one message per line.
    """

    codes: frozenset[str]
    text: str = dataclasses.field(repr=False)
    status: int | None = None
    own_codes: frozenset[str] = frozenset()


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
    found = _Found()
    found.gather(value)
    return ErrorWords(
        codes=frozenset(found.own_codes | found.nested_codes),
        text=_QUOTED.sub(" ", "\n".join(found.texts)[:_MAX_TEXT]).lower(),
        status=found.statuses[0] if found.statuses else None,
        own_codes=frozenset(found.own_codes),
    )


@dataclasses.dataclass(kw_only=True, slots=True)
class _Found:
    """What was found so far in an error."""

    own_codes: set[str] = dataclasses.field(default_factory=set[str])
    nested_codes: set[str] = dataclasses.field(default_factory=set[str])
    texts: list[str] = dataclasses.field(default_factory=list[str])
    statuses: list[int] = dataclasses.field(default_factory=list[int])

    def gather(self, value: object, depth: int = 0, *, nested: bool = False) -> None:
        """Add what `value` holds; `nested`: its codes are not the vendor's own."""
        if depth > _MAX_DEPTH:
            return
        if isinstance(value, str):
            inside = _nested(value)
            if inside is None:
                self.texts.append(value)
            else:
                self.gather(inside, depth + 1, nested=True)
        elif isinstance(value, list):
            for item in cast("Sequence[object]", value)[:_MAX_ITEMS]:
                self.gather(item, depth + 1, nested=nested)
        elif isinstance(value, dict):
            for key, item in cast("Mapping[str, object]", value).items():
                self._gather_field(key, item, depth, nested=nested)

    def _gather_field(self, key: str, item: object, depth: int, *, nested: bool) -> None:
        key = key.lower()
        status = _status(item) if key in _STATUS_KEYS else None
        if status is not None:
            self.statuses.append(status)
        elif key in _CODE_KEYS and (code := _code(item, key)):
            (self.nested_codes if nested else self.own_codes).update(_with_family(code))
        elif key in (_TEXT_KEYS if isinstance(item, str) else _OBJECT_KEYS):
            self.gather(item, depth + 1, nested=nested or key not in _OWN_KEYS)


def _with_family(code: str) -> Iterator[str]:
    """Yield a code, and the family that stands before its dot, as Alibaba and Volcengine write."""
    yield code
    family, dot, _ = code.partition(".")
    if dot and family:
        yield family


def _code(value: object, key: str) -> str:
    """Return a code in lower case, empty where the value is none.

    Baidu's numbers are too short to say more than a status without the name of their field.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if key == "error_code" and isinstance(value, str) and _SHORT_NUMBER.fullmatch(value):
        return f"{key}:{value}"
    if not isinstance(value, str) or (value.isdigit() and not _LONG_NUMBER.fullmatch(value)):
        return ""
    return value.lower()


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
