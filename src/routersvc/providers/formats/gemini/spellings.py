"""Brings Google's two spellings of a field to one: `finish_reason` is `finishReason`.

JSON made from protocol buffers has the second as a rule, and may keep the first; readers are to
take both. What a model wrote itself, the arguments of a call, is left as it is.
"""

from __future__ import annotations

import re
from typing import cast

from routersvc.providers.reading.json_values import JsonObject

_UNDERSCORE = re.compile(r"_([a-z0-9])")
_OF_THE_MODEL = frozenset({"args"})


def in_usual_spelling(fields: JsonObject) -> JsonObject:
    """Return fields with their usual names; what they hold keeps its own."""
    return {_usual(name): value for name, value in fields.items()}


def respelled(chunk: JsonObject) -> JsonObject:
    """Return a chunk in usual spelling throughout; one that has it already is returned as it is."""
    if not any("_" in name for name in chunk):
        return chunk
    return cast("JsonObject", _respelled(chunk))


def _respelled(value: object) -> object:
    if isinstance(value, list):
        return [_respelled(item) for item in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    return {
        _usual(name): item if name in _OF_THE_MODEL else _respelled(item)
        for name, item in cast("JsonObject", value).items()
    }


def _usual(name: str) -> str:
    return _UNDERSCORE.sub(lambda match: match[1].upper(), name)
