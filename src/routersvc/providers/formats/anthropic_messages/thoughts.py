"""Thoughts and other blocks that the vendor needs back unchanged.

    thinking                text, and its signature as `signature`
    redacted_thinking       its data as `encrypted`
    any other block         the whole block, as JSON, as `encrypted`

The last holds calls and results of the vendor's own tools: a conversation cannot go on without
them. Redacted data is base64, so it never looks like JSON.
"""

from __future__ import annotations

from routersvc.domain.conversation.parts import ThoughtPart
from routersvc.providers.formats.anthropic_messages.dialects import AnthropicDialect
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.writing.opaque_blocks import (
    kept_block,
    refuse_marked_thought,
    signature_text,
)

_FOREIGN_TYPES = ("reasoning", "function_call", "custom_tool_call", "message")
"""Types with which items of OpenAI's formats begin; no block of this format does."""


def thought_block(thought: ThoughtPart, dialect: AnthropicDialect) -> JsonObject | None:
    """Write a thought as the vendor sent it; `None` where the vendor would not take it.

    Raises:
        AttemptFailedError: it has a cache marker.
    """
    refuse_marked_thought(thought, dialect)
    if thought.encrypted:
        return _encrypted(thought.encrypted)
    signature = signature_text(thought.signature)
    if signature is not None:
        return {"type": "thinking", "thinking": thought.text, "signature": signature}
    if dialect.unsigned_thoughts and thought.text:
        return {"type": "thinking", "thinking": thought.text}
    return None


def _encrypted(encrypted: bytes) -> JsonObject | None:
    if not encrypted.startswith(b"{"):
        data = signature_text(encrypted)
        return None if data is None else {"type": "redacted_thinking", "data": data}
    block = kept_block(encrypted)
    kind = None if block is None else block.get("type")
    if not isinstance(kind, str) or kind.startswith(_FOREIGN_TYPES) or kind.endswith("_call"):
        return None
    return block
