"""Reads token usage. The vendor does not include cached tokens in `input` counts."""

from __future__ import annotations

from typing import cast

from routersvc.domain.conversation.usage import Usage
from routersvc.providers.reading.json_values import JsonObject, count_of


def read_usage(usage: JsonObject) -> Usage | None:
    """Return the usage, `None` where nothing was counted.

    Output tokens include thoughts. Where the vendor's total shows that a model includes cached
    tokens in the input, they are not added again.
    """
    if "inputTokens" not in usage and "outputTokens" not in usage:
        return None
    plain = count_of(usage.get("inputTokens"))
    output = count_of(usage.get("outputTokens"))
    read = count_of(usage.get("cacheReadInputTokens"))
    written = count_of(usage.get("cacheWriteInputTokens"))
    total = count_of(usage.get("totalTokens"))
    are_among = total == plain + output and read + written <= plain
    return Usage(
        input_tokens=plain if are_among else plain + read + written,
        output_tokens=output,
        cached_input_tokens=read,
        cache_write_tokens=written,
        cache_write_hour_tokens=min(written, _written_for_an_hour(usage.get("cacheDetails"))),
    )


def _written_for_an_hour(details: object) -> int:
    """Return the tokens of the cache checkpoints that live for an hour."""
    if not isinstance(details, list):
        return 0
    checkpoints = cast("list[object]", details)
    written = [cast("JsonObject", it) for it in checkpoints if isinstance(it, dict)]
    return sum(count_of(it.get("inputTokens")) for it in written if it.get("ttl") == "1h")
