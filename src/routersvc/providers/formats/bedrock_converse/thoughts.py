"""Thoughts and other blocks that the vendor needs back unchanged.

    reasoningText           text, and its signature as `signature`
    redactedContent         its bytes as `encrypted`
    any other block         the whole block, as JSON, as `encrypted`

The last holds calls and results of the vendor's own tools: a conversation cannot go on without
them.
"""

from __future__ import annotations

import base64

from routersvc.domain.conversation.parts import ThoughtPart
from routersvc.providers.formats.bedrock_converse.dialects import DIALECT
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.writing.opaque_blocks import (
    kept_block,
    refuse_marked_thought,
    signature_text,
)

_LEAST_TEXT = 32
"""Bytes. Encrypted data of this length is never base64 by chance."""


def thought_block(thought: ThoughtPart, *, signed: bool) -> JsonObject | None:
    """Write a thought as the vendor sent it; `None` where the vendor would not take it.

    `signed`: the model refuses unsigned thoughts.

    Raises:
        AttemptFailedError: it has a cache marker.
    """
    refuse_marked_thought(thought, DIALECT)
    if thought.encrypted:
        return _encrypted(thought.encrypted)
    signature = signature_text(thought.signature)
    if signature is None and (signed or not thought.text):
        return None
    reasoning: JsonObject = {"text": thought.text}
    if signature is not None:
        reasoning["signature"] = signature
    return {"reasoningContent": {"reasoningText": reasoning}}


def _encrypted(encrypted: bytes) -> JsonObject | None:
    if not encrypted.startswith(b"{"):
        redacted = None
        if len(encrypted) >= _LEAST_TEXT:
            # Anthropic's own API has the data as text, which is what stands here on the wire.
            redacted = signature_text(encrypted)
        if redacted is None:
            redacted = base64.b64encode(encrypted).decode("ascii")
        return {"reasoningContent": {"redactedContent": redacted}}
    block = kept_block(encrypted)
    return block if block is not None and len(block) == 1 else None
