"""Thoughts and other blocks that the vendor needs back unchanged.

    thinking                text, and its signature as `signature`
    redacted_thinking       its data as `encrypted`
    any other block         the whole block, as JSON, as `encrypted`

The last holds results of the vendor's own tools: the contract has no parts for them, and the
conversation cannot go on without them. Redacted data is base64, so it never looks like JSON.
"""

from __future__ import annotations

from typing import cast

import orjson

from routersvc.domain.conversation.parts import ThoughtPart
from routersvc.providers.formats.anthropic_messages.dialects import AnthropicDialect
from routersvc.providers.reading.json_values import JsonObject


def thought_block(thought: ThoughtPart, dialect: AnthropicDialect) -> JsonObject:
    """Write a thought as the vendor sent it.

    Raises:
        AttemptFailedError: it is from another vendor, or has a cache marker.
    """
    if thought.cache is not None:
        raise dialect.cannot_express("a cache marker on a thought")
    if thought.encrypted:
        if thought.text or thought.signature:
            raise dialect.cannot_express("a thought that is shown and encrypted at once")
        return _encrypted(thought.encrypted, dialect)
    if not thought.signature:
        if dialect.unsigned_thoughts:
            return {"type": "thinking", "thinking": thought.text}
        raise dialect.cannot_express("a thought without a signature")
    return {
        "type": "thinking",
        "thinking": thought.text,
        "signature": _text(thought.signature, dialect),
    }


def _encrypted(encrypted: bytes, dialect: AnthropicDialect) -> JsonObject:
    if not encrypted.startswith(b"{"):
        return {"type": "redacted_thinking", "data": _text(encrypted, dialect)}
    try:
        block: object = orjson.loads(encrypted)
    except orjson.JSONDecodeError:
        block = None
    if not isinstance(block, dict) or "type" not in block:
        raise dialect.cannot_express("a thought that another provider encrypted")
    return cast("JsonObject", block)


def _text(proof: bytes, dialect: AnthropicDialect) -> str:
    try:
        return proof.decode("ascii")
    except UnicodeDecodeError:
        raise dialect.cannot_express("a thought that another provider signed") from None
