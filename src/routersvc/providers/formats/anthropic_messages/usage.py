"""Reads token usage. The vendor does not include cached tokens in `input` counts."""

from __future__ import annotations

import dataclasses
from typing import cast

from routersvc.domain.conversation.usage import UsageCounted
from routersvc.providers.reading.counts import Counts, count_in, usage_counted
from routersvc.providers.reading.json_values import JsonObject

_OWN_CALLS = 100
"""Iterations of one answer that are summed at most."""

_HOUR = "ephemeral_1h_input_tokens"


def merged(earlier: JsonObject, later: JsonObject) -> JsonObject:
    """Return the counts of a stream so far: later counts that can be read replace earlier ones."""
    return {
        **earlier,
        **{
            name: count
            for name, count in later.items()
            if isinstance(count, dict | list)
            or (count is not None and (name not in earlier or count_in(count) is not None))
        },
    }


def read_usage(usage: JsonObject) -> UsageCounted | None:
    """Return the usage in the contract's fields.

    Where a request took several calls of a model (a summary of the conversation, advice of another
    model), `iterations` lists them all, and the counts above are those of the answer alone.
    """
    counts = Counts(usage)
    whole = _read(counts)
    iterations: object = usage.get("iterations")
    if not iterations:
        return whole
    if not isinstance(iterations, list):
        counts.is_doubtful = True
        return _read(counts)
    return _sum(cast("list[object]", iterations), whole)


def _sum(iterations: list[object], whole: UsageCounted | None) -> UsageCounted | None:
    """Return the sum of all calls; the counts above where those are more, or cannot be summed."""
    summed: UsageCounted | None = None
    for iteration in iterations[:_OWN_CALLS]:
        if not isinstance(iteration, dict):
            continue
        one = cast("JsonObject", iteration)
        counted = _read(Counts(one))
        if counted is None:
            continue
        summed = counted if summed is None else summed + counted
    if summed is None or whole is None:
        return summed or whole
    is_more = (
        summed.usage.input_tokens >= whole.usage.input_tokens
        and summed.usage.output_tokens >= whole.usage.output_tokens
    )
    if not is_more:
        return whole
    # What the iterations do not tell stands above.
    reasoning = max(summed.usage.reasoning_tokens, whole.usage.reasoning_tokens)
    usage = dataclasses.replace(summed.usage, reasoning_tokens=reasoning)
    return dataclasses.replace(summed, usage=usage)


def _read(counts: Counts) -> UsageCounted | None:
    read = counts.count("cache_read_input_tokens") or 0
    written = counts.count("cache_creation_input_tokens") or 0
    plain = counts.count("input_tokens")
    return usage_counted(
        counts,
        inputs=None if plain is None else plain + read + written,
        outputs=counts.count("output_tokens"),
        cached=read,
        written=written,
        written_for_an_hour=counts.detail("cache_creation", _HOUR),
        reasoning=counts.detail("output_tokens_details", "thinking_tokens"),
    )
