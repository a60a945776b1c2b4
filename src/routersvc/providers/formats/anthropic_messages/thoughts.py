"""Thoughts and other blocks that the vendor needs back unchanged.

    thinking                text, and its signature as `signature`
    redacted_thinking       its data as `encrypted`
    any other block         the whole block, as JSON, as `encrypted`

The last holds results of the vendor's own tools: the contract has no parts for them, and the
conversation cannot go on without them. Redacted data is base64, so it never looks like JSON.
"""

from __future__ import annotations

from routersvc.domain.conversation.parts import ThoughtPart
from routersvc.providers.formats.anthropic_messages.dialects import AnthropicDialect
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.writing.opaque_blocks import (
    kept_block,
    refuse_unsendable_thought,
    signature_text,
)


def thought_block(thought: ThoughtPart, dialect: AnthropicDialect) -> JsonObject:
    """Write a thought as the vendor sent it.

    Raises:
        AttemptFailedError: it is from another vendor, or has a cache marker.
    """
    refuse_unsendable_thought(thought, dialect)
    if thought.encrypted:
        return _encrypted(thought.encrypted, dialect)
    if not thought.signature:
        if dialect.unsigned_thoughts:
            return {"type": "thinking", "thinking": thought.text}
        raise dialect.cannot_express("a thought without a signature")
    return {
        "type": "thinking",
        "thinking": thought.text,
        "signature": signature_text(thought.signature, dialect),
    }


def _encrypted(encrypted: bytes, dialect: AnthropicDialect) -> JsonObject:
    if not encrypted.startswith(b"{"):
        return {"type": "redacted_thinking", "data": signature_text(encrypted, dialect)}
    return kept_block(encrypted, dialect, field="type")
