"""Reads token usage of the chat completions format."""

from __future__ import annotations

from routersvc.domain.conversation.usage import Usage
from routersvc.providers.reading.json_values import JsonObject


def read_usage(usage: JsonObject) -> Usage:
    """Return the usage in the contract's fields.

    Vendors differ in what the sums include, and the total shows it: xAI and some gateways leave
    reasoning out of `completion_tokens`, Mistral leaves audio out of `prompt_tokens`. Cached tokens
    have five names. Some vendors count more cached tokens than prompt tokens, because a hidden
    prompt is cached too; cached input is limited to the billed input.
    """
    inputs: JsonObject = usage.get("prompt_tokens_details") or {}
    outputs: JsonObject = usage.get("completion_tokens_details") or {}
    prompt: int = usage.get("prompt_tokens") or 0
    completion: int = usage.get("completion_tokens") or 0
    total: int = usage.get("total_tokens") or 0
    reasoning: int = outputs.get("reasoning_tokens") or 0
    input_audio: int = inputs.get("audio_tokens") or 0
    if reasoning and (reasoning > completion or total == prompt + completion + reasoning):
        completion += reasoning
    if input_audio and total == prompt + completion + input_audio:
        prompt += input_audio
    cached: int = (
        inputs.get("cached_tokens")
        or usage.get("prompt_cache_hit_tokens")
        or usage.get("cache_read_input_tokens")
        or usage.get("cached_tokens")
        or usage.get("num_cached_tokens")
        or 0
    )
    written: int = inputs.get("cache_write_tokens") or usage.get("cache_creation_input_tokens") or 0
    cached = min(cached, prompt)
    return Usage(
        input_tokens=prompt,
        output_tokens=completion,
        cached_input_tokens=cached,
        cache_write_tokens=min(written, prompt - cached),
        reasoning_tokens=reasoning,
        input_audio_tokens=input_audio,
        output_audio_tokens=outputs.get("audio_tokens") or 0,
    )
