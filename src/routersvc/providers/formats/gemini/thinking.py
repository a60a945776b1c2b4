"""Writes the thinking settings: a budget up to Gemini 2.5, a level from Gemini 3 on.

Each generation refuses the other's field, and the model's name tells the generation. The budgets of
the efforts are those of Google's OpenAI-compatible endpoint.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.conversation.reasoning import Reasoning, ReasoningEffort, ReasoningVisibility
from routersvc.providers.formats.gemini.dialects import GeminiDialect
from routersvc.providers.reading.json_values import JsonObject

_BUDGETS: Mapping[ReasoningEffort, int] = MappingProxyType(
    {
        ReasoningEffort.NONE: 0,
        ReasoningEffort.MINIMAL: 1_024,
        ReasoningEffort.LOW: 1_024,
        ReasoningEffort.MEDIUM: 8_192,
        ReasoningEffort.HIGH: 24_576,
    }
)
_LEVELS: Mapping[ReasoningEffort, str] = MappingProxyType(
    {
        ReasoningEffort.MINIMAL: "MINIMAL",
        ReasoningEffort.LOW: "LOW",
        ReasoningEffort.MEDIUM: "MEDIUM",
        ReasoningEffort.HIGH: "HIGH",
    }
)
_THINKS_BY_BUDGET = re.compile(r"(?:^|/)gemini-[12](?:\.\d)?(?![\d.])")


def thinking_config(wanted: Reasoning, model: str, dialect: GeminiDialect) -> JsonObject:
    """Return `thinkingConfig`, empty if nothing was requested.

    Raises:
        AttemptFailedError: this generation does not have the effort.
    """
    config: JsonObject = {}
    if _THINKS_BY_BUDGET.search(model):
        budget = wanted.max_tokens
        if wanted.effort is not None:
            of_effort = _BUDGETS.get(wanted.effort)
            if of_effort is None:
                raise dialect.cannot_express(f"the reasoning effort `{wanted.effort.value}`")
            budget = of_effort if budget is None else min(budget, of_effort)
        if budget is not None:
            config["thinkingBudget"] = budget
    elif wanted.effort is None:
        if wanted.max_tokens is not None:
            config["thinkingBudget"] = wanted.max_tokens
    else:
        if wanted.max_tokens is not None:
            raise dialect.cannot_express("a reasoning effort beside a limit to its tokens")
        level = _LEVELS.get(wanted.effort)
        if level is None:
            raise dialect.cannot_express(f"the reasoning effort `{wanted.effort.value}`")
        config["thinkingLevel"] = level
    if wanted.visibility is not None:
        config["includeThoughts"] = wanted.visibility is not ReasoningVisibility.HIDDEN
    return config
