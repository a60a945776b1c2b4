"""Reads token usage of the chat completions format."""

from __future__ import annotations

from routersvc.domain.conversation.usage import UsageCounted
from routersvc.providers.reading.counts import Counts, usage_counted
from routersvc.providers.reading.json_values import JsonObject

_CACHED = (
    "prompt_cache_hit_tokens",
    "cache_read_input_tokens",
    "cached_tokens",
    "num_cached_tokens",
)


def read_usage(usage: JsonObject) -> UsageCounted | None:
    """Return the usage in the contract's fields; `None` where nothing was counted.

    Vendors differ in what the sums include, and the total shows it: xAI and some gateways leave
    reasoning out of `completion_tokens`, Mistral leaves audio out of `prompt_tokens`. Cached tokens
    have five names. Some vendors count more cached tokens than prompt tokens, because a hidden
    prompt is cached too; cached input is limited to the billed input. Gateways to other formats
    keep the names of those, `input_tokens` and `output_tokens`.
    """
    counts = Counts(usage)
    prompt = counts.count("prompt_tokens", "input_tokens")
    completion = counts.count("completion_tokens", "output_tokens")
    total = counts.count("total_tokens")
    reasoning = counts.detail("completion_tokens_details", "reasoning_tokens")
    input_audio = counts.detail("prompt_tokens_details", "audio_tokens")
    if prompt is not None and completion is not None:
        if reasoning and (reasoning > completion or total == prompt + completion + reasoning):
            completion += reasoning
        if input_audio and total == prompt + completion + input_audio:
            prompt += input_audio
    return usage_counted(
        counts,
        inputs=prompt,
        outputs=completion,
        total=total,
        cached=counts.detail("prompt_tokens_details", "cached_tokens")
        or counts.count(*_CACHED)
        or 0,
        written=counts.detail("prompt_tokens_details", "cache_write_tokens")
        or counts.count("cache_creation_input_tokens")
        or 0,
        reasoning=reasoning,
        input_audio=input_audio,
        output_audio=counts.detail("completion_tokens_details", "audio_tokens"),
    )
