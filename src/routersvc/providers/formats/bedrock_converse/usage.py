"""Reads what the vendor counted. Cached tokens stand beside the others, not among them."""

from __future__ import annotations

from routersvc.domain.conversation.usage import Usage
from routersvc.providers.reading.json_values import JsonObject, count_of


def read_usage(usage: JsonObject) -> Usage | None:
    """Return the count in the contract's terms, `None` where nothing was counted.

    Thoughts are among the output, and not told apart. Where the vendor's own sum shows that a
    model counts cached tokens among the input, they are not added again.
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
    )
