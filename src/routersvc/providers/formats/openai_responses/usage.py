"""Reads token usage of the Responses format."""

from __future__ import annotations

from routersvc.domain.conversation.usage import Usage
from routersvc.providers.reading.json_values import JsonObject


def read_usage(usage: JsonObject) -> Usage:
    """Return the usage in the contract's fields.

    Output tokens include reasoning at every vendor seen; a vendor that reports more reasoning than
    output has left it out.
    """
    inputs: JsonObject = usage.get("input_tokens_details") or {}
    outputs: JsonObject = usage.get("output_tokens_details") or {}
    taken: int = usage.get("input_tokens") or 0
    given: int = usage.get("output_tokens") or 0
    total: int = usage.get("total_tokens") or 0
    reasoning: int = outputs.get("reasoning_tokens") or 0
    if reasoning and (reasoning > given or total == taken + given + reasoning):
        given += reasoning
    cached = min(inputs.get("cached_tokens") or 0, taken)
    return Usage(
        input_tokens=taken,
        output_tokens=given,
        cached_input_tokens=cached,
        cache_write_tokens=min(inputs.get("cache_write_tokens") or 0, taken - cached),
        reasoning_tokens=reasoning,
    )
