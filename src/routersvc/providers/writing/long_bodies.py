"""Encodes JSON bodies in steps, so that a prompt of megabytes does not hold up the event loop.

A text of 4 MB full of quotes takes some 50 ms to encode. JSON encodes a string character by
character, so the pieces of a long text, encoded one by one, are the encoded text.
"""

from __future__ import annotations

import secrets
from typing import cast

import orjson

from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.steps import Steps
from routersvc.domain.profiling.prompt_reading import texts_of

LONG_TEXT = 128 * 1024
"""Characters from which a text is encoded in pieces, and those of a piece: 2 ms where each of them
has to be escaped."""

_PLACE = secrets.token_hex(16)
"""Stands for a long text in a body. No caller can know it."""

_ENCODED_PLACE = f'"{_PLACE}"'.encode()


def is_long(prompt: Prompt) -> bool:
    """Whether texts and JSON of a prompt may take more than a few milliseconds to encode."""
    size = 0
    for text in texts_of(prompt):
        size += len(text)
    for extension in prompt.wire_extensions:
        size += len(extension.fields_json)
    return size >= LONG_TEXT


def encoding(body: object) -> Steps[bytes]:
    """Encode a body of dictionaries, lists and plain values in steps.

    Raises:
        TypeError: the body holds what JSON cannot hold, such as half of a surrogate pair.
        RecursionError: it is nested too deeply.
    """
    texts: list[str] = []
    between = orjson.dumps(_without_long_texts(body, texts)).split(_ENCODED_PLACE)
    pieces = [between[0]]
    for text, following in zip(texts, between[1:], strict=True):
        yield
        pieces.append(b'"')
        for start in range(0, len(text), LONG_TEXT):
            pieces.append(orjson.dumps(text[start : start + LONG_TEXT])[1:-1])
            yield
        pieces += (b'"', following)
    return b"".join(pieces)


def _without_long_texts(value: object, texts: list[str]) -> object:
    """Return `value` with a place for each long text; append the texts to `texts` in order."""
    if isinstance(value, str) and len(value) >= LONG_TEXT:
        texts.append(value)
        return _PLACE
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        return {name: _without_long_texts(each, texts) for name, each in fields.items()}
    if isinstance(value, list):
        return [_without_long_texts(each, texts) for each in cast("list[object]", value)]
    return value
