"""Reads texts that some servers write as parts: lists and objects in place of one text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

_FIELDS = ("text", "content", "summary", "thinking", "reasoning")
_DEEPEST = 4


def part_text(value: object, depth: int = 0) -> str:
    """Return a text, or those of its parts joined; empty where there is none."""
    if isinstance(value, str):
        return value
    if depth < _DEEPEST:
        if isinstance(value, list):
            return "".join(part_text(item, depth + 1) for item in cast("Sequence[object]", value))
        if isinstance(value, dict):
            fields = cast("Mapping[str, object]", value)
            texts = (part_text(fields.get(name), depth + 1) for name in _FIELDS)
            return next(filter(None, texts), "")
    return ""
