"""Reads token usage. The vendor does not include cached tokens in `input` counts."""

from __future__ import annotations

from routersvc.domain.conversation.usage import UsageCounted
from routersvc.providers.reading.counts import Counts, usage_counted
from routersvc.providers.reading.json_values import JsonObject


def read_usage(usage: JsonObject) -> UsageCounted | None:
    """Return the usage, `None` where nothing was counted.

    Output tokens include thoughts. Where the vendor's total shows that a model includes cached
    tokens in the input, they are not added again.
    """
    counts = Counts(usage)
    plain = counts.count("inputTokens")
    output = counts.count("outputTokens")
    read = counts.count("cacheReadInputTokens") or 0
    written = counts.count("cacheWriteInputTokens") or 0
    inputs = plain
    if plain is not None:
        total = counts.count("totalTokens")
        are_among = total == plain + (output or 0) and read + written <= plain
        inputs = plain if are_among else plain + read + written
    return usage_counted(
        counts,
        inputs=inputs,
        outputs=output,
        cached=read,
        written=written,
        written_for_an_hour=counts.sum(usage.get("cacheDetails"), "inputTokens", ttl="1h"),
    )
