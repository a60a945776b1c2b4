"""Reads proofs back into the form in which a vendor gave them.

A proof whose maker the caller does not name may be another vendor's. One that does not have the
shape of this vendor's own is left out, and never sent.
"""

from __future__ import annotations

from routersvc.domain.conversation.parts import ThoughtPart
from routersvc.providers.dialects import Dialect
from routersvc.providers.reading.json_values import JsonObject, json_object

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_"


def refuse_marked_thought(thought: ThoughtPart, dialect: Dialect) -> None:
    """Refuse a thought with a cache marker.

    Raises:
        AttemptFailedError: it has one.
    """
    if thought.cache is not None:
        raise dialect.cannot_express("a cache marker on a thought")


def kept_block(encrypted: bytes) -> JsonObject | None:
    """Return the block that was kept whole as JSON; `None` where it is none."""
    return json_object(encrypted)


def signature_text(signature: bytes) -> str | None:
    """Return a signature or redacted data as text; `None` where it is not base64."""
    if not signature or signature.translate(None, _BASE64):
        return None
    return signature.decode("ascii")


def caller_of(signature: bytes) -> JsonObject | None:
    """Return who called a tool, as Anthropic says it; `None` where a signature is no such object.

    Anthropic's callers have a type, and no other field but the id of a tool.
    """
    caller = json_object(signature)
    if caller is None or not {"type"} <= caller.keys() <= {"type", "tool_id"}:
        return None
    return caller
