"""Encodes JSON bodies in steps, so that a prompt of megabytes does not hold up the event loop.

A text of 4 MB full of quotes takes some 50 ms to encode. JSON encodes a string character by
character, so the pieces of a long text, encoded one by one, are the encoded text.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from typing import Any, cast

import orjson

from routersvc.domain.conversation.parts import FilePart, Part, ToolResult
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.steps import Steps
from routersvc.domain.profiling.prompt_reading import texts_of_fields, texts_of_part

LONG_TEXT = 128 * 1024
"""Characters from which a text is encoded in pieces, and those of a piece: 2 ms where each of them
has to be escaped."""

_VALUES_IN_STEP = 4_096
"""Values of a body that are looked through at a time: a millisecond."""

_PLACE = secrets.token_hex(16)
"""Begins what stands for a long text in a body. No caller can know it."""

_PLACES = re.compile(rb'"%b(\d+)"' % _PLACE.encode())


def is_long(prompt: Prompt) -> bool:
    """Whether texts and JSON of a prompt may take more than a few milliseconds to encode."""
    size = sum(_length(part) for message in prompt.messages for part in message.parts)
    size += sum(map(len, texts_of_fields(prompt)))
    size += sum(len(extension.fields_json) for extension in prompt.wire_extensions)
    return size >= LONG_TEXT


def _length(part: Part) -> int:
    """Return the characters of a part's texts; a file is not decoded for it."""
    match part:
        case FilePart():
            return len(part.data or b"")
        case ToolResult():
            return sum(map(_length, part.parts))
        case _:
            return sum(map(len, texts_of_part(part)))


def encoding(body: object) -> Steps[bytes]:
    """Encode a body of dictionaries, lists and plain values in steps.

    Raises:
        TypeError: the body holds what JSON cannot hold, such as half of a surrogate pair.
        RecursionError: it is nested too deeply.
    """
    texts: list[str] = []
    placed = yield from _placing(body, texts)
    # Between two places, the number of the text that stands there.
    parts = _PLACES.split(orjson.dumps(placed))
    pieces = [parts[0]]
    for number, following in zip(parts[1::2], parts[2::2], strict=True):
        text = texts[int(number)]
        yield
        pieces.append(b'"')
        for start in range(0, len(text), LONG_TEXT):
            pieces.append(orjson.dumps(text[start : start + LONG_TEXT])[1:-1])
            yield
        pieces += (b'"', following)
    return b"".join(pieces)


def _placing(body: object, texts: list[str]) -> Steps[object]:
    """Return a copy of `body` with a place for each long text, which is appended to `texts`."""
    root = [body]
    # Lists, and dictionaries: what JSON has.
    containers: list[Any] = [root]
    values = 0
    while containers:
        container = containers.pop()
        changed: list[tuple[Any, Any]] = []
        for key, value in _entries(container):
            if isinstance(value, str):
                if len(value) >= LONG_TEXT:
                    changed.append((key, f"{_PLACE}{len(texts)}"))
                    texts.append(value)
            elif isinstance(value, dict | list):
                changed.append((key, cast("Any", value).copy()))
        for key, value in changed:
            container[key] = value
            if not isinstance(value, str):
                containers.append(value)
        values += len(container)
        if values >= _VALUES_IN_STEP:
            values = 0
            yield
    return root[0]


def _entries(container: dict[Any, object] | list[object]) -> Iterable[tuple[Any, object]]:
    """Return the keys or places of a container, each with its value."""
    return container.items() if isinstance(container, dict) else enumerate(container)
