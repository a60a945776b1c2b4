"""Checks thoughts before they are sent back to the vendor that made them."""

from __future__ import annotations

from typing import cast

import orjson

from routersvc.domain.conversation.parts import ThoughtPart
from routersvc.providers.dialects import Dialect
from routersvc.providers.reading.json_values import JsonObject


def refuse_unsendable_thought(thought: ThoughtPart, dialect: Dialect) -> None:
    """Refuse a thought with a cache marker, and one that is both plain and encrypted.

    Raises:
        AttemptFailedError: it is one of these.
    """
    if thought.cache is not None:
        raise dialect.cannot_express("a cache marker on a thought")
    if thought.encrypted and (thought.text or thought.signature):
        raise dialect.cannot_express("a thought that is shown and encrypted at once")


def kept_block(encrypted: bytes, dialect: Dialect, *, field: str = "") -> JsonObject:
    """Return the block that was kept whole as JSON: one with `field`, else one of a single field.

    Raises:
        AttemptFailedError: another provider made it.
    """
    try:
        block: object = orjson.loads(encrypted)
    except orjson.JSONDecodeError:
        block = None
    if isinstance(block, dict):
        fields = cast("JsonObject", block)
        if field in fields if field else len(fields) == 1:
            return fields
    raise dialect.cannot_express("a thought that another provider encrypted")


def signature_text(signature: bytes, dialect: Dialect) -> str:
    """Return a signature or redacted data as ASCII text.

    Raises:
        AttemptFailedError: another provider made it.
    """
    try:
        return signature.decode("ascii")
    except UnicodeDecodeError:
        raise dialect.cannot_express("a thought that another provider signed") from None
