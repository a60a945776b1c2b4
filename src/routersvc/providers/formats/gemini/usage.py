"""Reads Google's token usage."""

from __future__ import annotations

from collections.abc import Sequence

from routersvc.domain.conversation.usage import Usage
from routersvc.providers.reading.json_values import JsonObject


def read_usage(counted: JsonObject) -> Usage | None:
    """Return the usage, `None` where nothing was counted yet.

    The prompt's count includes cached tokens; tokens from tools and thoughts are counted beside
    prompt and answer, as the total shows.
    """
    prompt: int = counted.get("promptTokenCount") or 0
    answer: int = counted.get("candidatesTokenCount") or 0
    thoughts: int = counted.get("thoughtsTokenCount") or 0
    from_tools: int = counted.get("toolUsePromptTokenCount") or 0
    if not (prompt or answer or thoughts or from_tools):
        return None
    inputs = prompt + from_tools
    return Usage(
        input_tokens=inputs,
        output_tokens=answer + thoughts,
        cached_input_tokens=min(counted.get("cachedContentTokenCount") or 0, inputs),
        reasoning_tokens=thoughts,
        input_audio_tokens=_sound(counted.get("promptTokensDetails")),
        output_audio_tokens=_sound(counted.get("candidatesTokensDetails")),
    )


def _sound(details: Sequence[JsonObject] | None) -> int:
    return sum(
        detail.get("tokenCount") or 0
        for detail in details or ()
        if detail.get("modality") == "AUDIO"
    )
