"""Converts payloads recorded by a Python SDK to the spelling of the wire.

Google's SDK writes `finish_reason` where the wire has `finishReason`, and keeps the HTTP response
beside it. Names that a caller or a model chose, such as the arguments of a call, stay as they are.
"""

from __future__ import annotations

import re
from typing import cast

from routersvc.providers.reading.json_values import JsonObject

KEPT_RESPONSE = "sdk_http_response"
"""The field by which such a payload is known."""

_WORDS = re.compile(r"_([a-z])")
_NAMED_BY_OTHERS = frozenset({"args", "response"})


def as_on_the_wire(value: object) -> object:
    """Return a payload as Google sends it."""
    if isinstance(value, list):
        return [as_on_the_wire(item) for item in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    return {
        _WORDS.sub(lambda word: word[1].upper(), name): (
            item if name in _NAMED_BY_OTHERS else as_on_the_wire(item)
        )
        for name, item in cast("JsonObject", value).items()
        if name != KEPT_RESPONSE
    }
