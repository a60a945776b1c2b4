"""Tells errors from answers where the status does not: vendors that say 200 and mean a failure.

Seen: `error` of any type, `"object": "error"` and `"type": "error"`; MiniMax's `base_resp` with a
code other than 0, also beside choices; Baidu's `error_code`; `code` with a message (SiliconFlow,
Alibaba's own format), also with `"success": false` (Z.ai); Tencent's `Response.Error`; a list of
`errors`; a `detail` or a `message` and nothing of an answer beside it. A code counts as an error
only where the body has no answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from routersvc.providers.reading.json_values import JsonObject, json_object

_WORKED = frozenset({"", "0", "200", "ok", "success", "none"})
"""Codes that mean that nothing failed, in lower case."""

_MESSAGES = ("message", "msg", "error_msg", "error_message", "status_msg")
_OF_ANSWERS = frozenset(
    {"candidates", "content", "created", "id", "model", "object", "output", "type", "usage"}
)
"""Fields that bodies and chunks of answers have."""


def report_in(data: bytes) -> JsonObject | None:
    """Return the error that bytes beside the events of a stream are; `None` where they are none."""
    text = data.strip()
    found = json_object(text) if text.startswith(b"{") else None
    return found if found is not None and is_failure_report(found, "choices") else None


def is_failure_report(body: object, answer_field: str) -> bool:
    """Return whether a body or a chunk says that the request failed.

    `answer_field` is the field in which the format has what the model says.
    """
    if not isinstance(body, dict):
        return False
    fields = cast("Mapping[str, object]", body)
    if fields.get("error") or fields.get("object") == "error" or fields.get("type") == "error":
        return True
    if "base_resp" in fields and _is_code(_inner(fields, "base_resp").get("status_code")):
        return True
    return not fields.get(answer_field) and _has_no_answer(fields)


def _has_no_answer(fields: Mapping[str, object]) -> bool:
    has_message = any(isinstance(fields.get(name), str) for name in _MESSAGES)
    if _is_code(fields.get("error_code")) or _inner(_inner(fields, "Response"), "Error"):
        return True
    if has_message and (_is_code(fields.get("code")) or fields.get("success") is False):
        return True
    if isinstance(fields.get("errors"), list) and fields["errors"]:
        return True
    return bool(has_message or fields.get("detail")) and fields.keys().isdisjoint(_OF_ANSWERS)


def _is_code(value: object) -> bool:
    """Return whether a value is a code that means a failure."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return False
    return str(value).strip().lower() not in _WORKED


def _inner(fields: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = fields.get(name)
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}
