"""Reads Google's token usage."""

from __future__ import annotations

from routersvc.domain.conversation.usage import UsageCounted
from routersvc.providers.reading.counts import Counts, usage_counted
from routersvc.providers.reading.json_values import JsonObject


def read_usage(counted: JsonObject) -> UsageCounted | None:
    """Return the usage, `None` where nothing was counted yet.

    The prompt's count includes cached tokens; tokens from tools and thoughts are counted beside
    prompt and answer, as the total shows. A count of 0 is left out, as in all of Google's JSON.
    """
    counts = Counts(counted)
    prompt = counts.count("promptTokenCount")
    answer = counts.count("candidatesTokenCount")
    thoughts = counts.count("thoughtsTokenCount") or 0
    from_tools = counts.count("toolUsePromptTokenCount") or 0
    if not (prompt or answer or thoughts or from_tools):
        return None
    is_unread = answer is None and counted.get("candidatesTokenCount") is not None
    return usage_counted(
        counts,
        inputs=None if prompt is None else prompt + from_tools,
        outputs=None if is_unread else (answer or 0) + thoughts,
        total=counts.count("totalTokenCount"),
        cached=counts.count("cachedContentTokenCount") or 0,
        reasoning=thoughts,
        input_audio=counts.sum(counted.get("promptTokensDetails"), "tokenCount", modality="AUDIO"),
        output_audio=counts.sum(
            counted.get("candidatesTokensDetails"), "tokenCount", modality="AUDIO"
        ),
    )
