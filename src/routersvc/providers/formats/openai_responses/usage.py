"""Reads token usage of the Responses format."""

from __future__ import annotations

from routersvc.domain.conversation.usage import UsageCounted
from routersvc.providers.reading.counts import Counts, usage_counted
from routersvc.providers.reading.json_values import JsonObject


def read_usage(usage: JsonObject) -> UsageCounted | None:
    """Return the usage in the contract's fields; `None` where nothing was counted.

    Output tokens include reasoning at every vendor seen; a vendor that reports more reasoning than
    output has left it out.
    """
    counts = Counts(usage)
    taken = counts.count("input_tokens")
    given = counts.count("output_tokens")
    total = counts.count("total_tokens")
    reasoning = counts.detail("output_tokens_details", "reasoning_tokens")
    if reasoning and given is not None:
        is_left_out = taken is not None and total == taken + given + reasoning
        if reasoning > given or is_left_out:
            given += reasoning
    return usage_counted(
        counts,
        inputs=taken,
        outputs=given,
        total=total,
        cached=counts.detail("input_tokens_details", "cached_tokens"),
        written=counts.detail("input_tokens_details", "cache_write_tokens"),
        reasoning=reasoning,
    )
