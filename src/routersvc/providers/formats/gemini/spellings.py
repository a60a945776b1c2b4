"""Converts Google's two spellings of a field to one: `finish_reason` to `finishReason`.

JSON made from protocol buffers uses camelCase by default and may keep snake_case; readers must
accept both. What a model wrote itself, the arguments of a call, is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

from routersvc.providers.reading.json_values import JsonObject, object_of, objects_of

_UNDERSCORE = re.compile(r"_([a-z0-9])")
_WRITTEN_BY_MODELS = frozenset({"args"})


def camel_case_names(fields: JsonObject) -> JsonObject:
    """Return fields with camelCase names; nested names stay as they are."""
    return {_camel_case_name(name): value for name, value in fields.items()}


def camel_case(chunk: JsonObject) -> JsonObject:
    """Return a chunk with camelCase names throughout; the chunk itself if it has them already."""
    if not any("_" in name for name in _names(chunk)):
        return chunk
    return cast("JsonObject", _camel_case(chunk))


def _names(chunk: JsonObject) -> Iterator[str]:
    """Yield the names of a chunk, of its candidates and of their parts."""
    yield from chunk
    for candidate in objects_of(chunk.get("candidates")):
        yield from candidate
        for part in objects_of(object_of(candidate.get("content")).get("parts")):
            yield from part


def _camel_case(value: object) -> object:
    if isinstance(value, list):
        return [_camel_case(item) for item in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    return {
        _camel_case_name(name): item if name in _WRITTEN_BY_MODELS else _camel_case(item)
        for name, item in cast("JsonObject", value).items()
    }


def _camel_case_name(name: str) -> str:
    return _UNDERSCORE.sub(lambda match: match[1].upper(), name)
