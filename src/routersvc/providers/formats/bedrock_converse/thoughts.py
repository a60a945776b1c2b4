"""What the vendor wants back unchanged, in the two fields that the contract has for it.

    reasoningText           text, and its signature as `signature`
    redactedContent         its bytes as `encrypted`
    any other block         the whole block, as JSON, as `encrypted`

The last is for what the vendor's own tools did while it answered: the contract has no parts for
it, and a conversation can only go on with it.
"""

from __future__ import annotations

import base64
from typing import cast

import orjson

from routersvc.domain.conversation.parts import ThoughtPart
from routersvc.providers.formats.bedrock_converse.dialects import DIALECT
from routersvc.providers.reading.json_values import JsonObject


def thought_block(thought: ThoughtPart, *, signed: bool) -> JsonObject:
    """Write a thought as the vendor gave it; `signed` says that the model takes no others.

    Raises:
        AttemptFailedError: it is not from this vendor, or is to be marked for the cache.
    """
    if thought.cache is not None:
        raise DIALECT.cannot_express("a cache marker on a thought")
    if thought.encrypted:
        if thought.text or thought.signature:
            raise DIALECT.cannot_express("a thought that is shown and encrypted at once")
        return _encrypted(thought.encrypted)
    if signed and not thought.signature:
        raise DIALECT.cannot_express("a thought without a signature")
    reasoning: JsonObject = {"text": thought.text}
    if thought.signature:
        try:
            reasoning["signature"] = thought.signature.decode("ascii")
        except UnicodeDecodeError:
            raise DIALECT.cannot_express("a thought that another provider signed") from None
    return {"reasoningContent": {"reasoningText": reasoning}}


def _encrypted(encrypted: bytes) -> JsonObject:
    if not encrypted.startswith(b"{"):
        redacted = base64.b64encode(encrypted).decode("ascii")
        return {"reasoningContent": {"redactedContent": redacted}}
    try:
        block: object = orjson.loads(encrypted)
    except orjson.JSONDecodeError:
        block = None
    if not isinstance(block, dict) or len(cast("JsonObject", block)) != 1:
        raise DIALECT.cannot_express("a thought that another provider encrypted")
    return cast("JsonObject", block)
