"""What is kept of an answer's items so that they can go back to the vendor as they came.

Thoughts, and calls of tools that the vendor runs, are items that a later request must repeat
unchanged. The contract holds such an item whole, as the proof of a thought or of what a tool did.
The further fields of a call of the caller's own tool stand in the call's signature.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import orjson

from routersvc.providers.reading.json_values import JsonObject, json_object

CALL_TYPES: Mapping[str, str] = MappingProxyType(
    {"function_call": "arguments", "custom_tool_call": "input"}
)
"""Items that call a tool of the caller, and the field with what the tool is given."""

CUSTOM_CALL = "custom_tool_call"
"""A call whose input is free text; in the contract it is the object `{"input": text}`."""

_FOREIGN_ENDINGS = ("_tool_use", "_tool_result", "thinking", "direct")
"""Ends of the types of Anthropic's blocks and callers; OpenRouter's types have a dot."""

_PLAIN_FIELDS = frozenset({"arguments", "call_id", "id", "input", "name", "status"})


def proof_of(item: JsonObject) -> bytes:
    """Return an item as bytes that `item_of` reads; what it leaves unsaid is left out."""
    return orjson.dumps({key: value for key, value in item.items() if value is not None})


def item_of(proof: bytes) -> JsonObject | None:
    """Return the item that a proof holds; `None` where another format made the proof."""
    item = json_object(proof)
    kind = None if item is None else item.get("type")
    if not isinstance(kind, str) or "." in kind or kind.endswith(_FOREIGN_ENDINGS):
        return None
    return item


def signature_of(item: JsonObject) -> bytes:
    """Return what a call of a tool holds beside its name and its arguments, if anything."""
    rest = {
        key: value for key, value in item.items() if key not in _PLAIN_FIELDS and value is not None
    }
    return b"" if rest == {"type": "function_call"} else orjson.dumps(rest)
