"""Reads token usage. The vendor does not include cached tokens in `input` counts."""

from __future__ import annotations

from typing import cast

from routersvc.domain.conversation.usage import Usage
from routersvc.providers.reading.json_values import JsonObject, count_of

_HOUR = "ephemeral_1h_input_tokens"


def merged(earlier: JsonObject, later: JsonObject) -> JsonObject:
    """Return the counts of a stream so far: later counts replace earlier ones."""
    return {**earlier, **{name: count for name, count in later.items() if count is not None}}


def read_usage(usage: JsonObject) -> Usage:
    """Return the usage in the contract's fields."""
    read = count_of(usage.get("cache_read_input_tokens"))
    written = count_of(usage.get("cache_creation_input_tokens"))
    lifetimes: object = usage.get("cache_creation")
    by_lifetime = cast("JsonObject", lifetimes) if isinstance(lifetimes, dict) else {}
    plain = count_of(usage.get("input_tokens"))
    details: JsonObject = usage.get("output_tokens_details") or {}
    return Usage(
        input_tokens=plain + read + written,
        output_tokens=count_of(usage.get("output_tokens")),
        cached_input_tokens=read,
        cache_write_tokens=written,
        cache_write_hour_tokens=min(written, count_of(by_lifetime.get(_HOUR))),
        reasoning_tokens=count_of(details.get("thinking_tokens")),
    )
