"""Thoughts and other blocks that the vendor needs back unchanged.

    reasoningText           text, and its signature as `signature`
    redactedContent         its bytes as `encrypted`
    any other block         the whole block, as JSON, as `encrypted`

The last holds results of the vendor's own tools: the contract has no parts for them, and the
conversation cannot go on without them.
"""

from __future__ import annotations

import base64

from routersvc.domain.conversation.parts import ThoughtPart
from routersvc.providers.formats.bedrock_converse.dialects import DIALECT
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.writing.opaque_blocks import (
    kept_block,
    refuse_unsendable_thought,
    signature_text,
)


def thought_block(thought: ThoughtPart, *, signed: bool) -> JsonObject:
    """Write a thought as the vendor sent it; `signed`: the model refuses unsigned thoughts.

    Raises:
        AttemptFailedError: it is from another vendor, or has a cache marker.
    """
    refuse_unsendable_thought(thought, DIALECT)
    if thought.encrypted:
        return _encrypted(thought.encrypted)
    if signed and not thought.signature:
        raise DIALECT.cannot_express("a thought without a signature")
    reasoning: JsonObject = {"text": thought.text}
    if thought.signature:
        reasoning["signature"] = signature_text(thought.signature, DIALECT)
    return {"reasoningContent": {"reasoningText": reasoning}}


def _encrypted(encrypted: bytes) -> JsonObject:
    if not encrypted.startswith(b"{"):
        redacted = base64.b64encode(encrypted).decode("ascii")
        return {"reasoningContent": {"redactedContent": redacted}}
    return kept_block(encrypted, DIALECT)
