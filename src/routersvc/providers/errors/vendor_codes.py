"""Reads the code and the parameter of an error from the fields that vendors keep for them.

    {"error": {"code", "type", "status", "param"}}, or the same fields beside each other
    {"base_resp": {"status_code"}} at MiniMax, {"error_code"} at Baidu

Only these fields are quoted in a failure's message, and only where their values look like
identifiers: a vendor's sentences may repeat the prompt. AWS sends its code in a header.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

_IDENTIFIER = re.compile(r"[A-Za-z0-9_.\[\]-]{1,64}")
_CODE_FIELDS = ("code", "type", "status", "__type", "error_code", "status_code")


def code_in(error: object, *, status: int | None) -> str:
    """Return the code of a decoded error, empty where it has none that says more than `status`."""
    fields = _fields(error)
    for name in _CODE_FIELDS:
        code = _identifier(fields.get(name))
        if code and code not in {str(status), "error"}:
            return code
    return ""


def parameter_in(error: object) -> str:
    """Return the request's field that a decoded error names, empty where it names none."""
    return _identifier(_fields(error).get("param"))


def place_of_error(where: str, code: str, parameter: str) -> str:
    """Return the end of a failure's message: where the error came, its code and parameter."""
    parts = [where]
    if code:
        parts.append(f"code `{code}`")
    if parameter:
        parts.append(f"parameter `{parameter}`")
    return ", ".join(parts)


def _fields(error: object) -> Mapping[str, object]:
    """Return the fields of an error object; streams of Google wrap theirs in a list."""
    if isinstance(error, list):
        items = cast("list[object]", error)
        error = items[0] if items else None
    if not isinstance(error, dict):
        return {}
    fields = cast("Mapping[str, object]", error)
    inner = fields.get("error") or fields.get("base_resp")
    return cast("Mapping[str, object]", inner) if isinstance(inner, dict) else fields


def _identifier(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and _IDENTIFIER.fullmatch(value) else ""
