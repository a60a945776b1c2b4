"""Writes the thinking settings: a budget up to Gemini 2.5, a level from Gemini 3 on.

Each generation refuses the other's field, except that both take the budget -1, which leaves the
amount to the model. The model's name tells the generation. The budgets of the efforts are those of
Google's OpenAI-compatible endpoint.
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
        ReasoningEffort.ADAPTIVE: -1,
    }
)
_LEVELS: Mapping[ReasoningEffort, str] = MappingProxyType(
    {
        ReasoningEffort.MINIMAL: "MINIMAL",
        ReasoningEffort.LOW: "LOW",
        ReasoningEffort.MEDIUM: "MEDIUM",
        ReasoningEffort.HIGH: "HIGH",
        ReasoningEffort.XHIGH: "XHIGH",
    }
)
_THINKS_BY_BUDGET = re.compile(r"(?:^|/)gemini-[12](?:\.\d)?(?![\d.])")


def thinking_efforts(model: str, dialect: GeminiDialect) -> frozenset[ReasoningEffort]:
    """Return the efforts that can be written for a model, by its name at the provider."""
    if _THINKS_BY_BUDGET.search(model):
        return frozenset(_BUDGETS)
    lacking = () if dialect.xhigh_level else (ReasoningEffort.XHIGH,)
    return frozenset({*_LEVELS, ReasoningEffort.ADAPTIVE}.difference(lacking))


def thinking_config(wanted: Reasoning, model: str, dialect: GeminiDialect) -> JsonObject:
    """Return `thinkingConfig`, empty if nothing was requested.

    Raises:
        AttemptFailedError: this generation does not have the effort.
    """
    effort, budget = wanted.effort, wanted.max_tokens
    config: JsonObject = {}
    if effort is not None and effort not in thinking_efforts(model, dialect):
        raise dialect.cannot_express(f"the reasoning effort `{effort.value}`")
    if effort is ReasoningEffort.ADAPTIVE:
        if budget is not None:
            raise dialect.cannot_express("adaptive thinking beside a limit to its tokens")
        config["thinkingBudget"] = _BUDGETS[effort]
    elif effort is None:
        if budget is not None:
            config["thinkingBudget"] = budget
    elif _THINKS_BY_BUDGET.search(model):
        of_effort = _BUDGETS[effort]
        config["thinkingBudget"] = of_effort if budget is None else min(budget, of_effort)
    else:
        if budget is not None:
            raise dialect.cannot_express("a reasoning effort beside a limit to its tokens")
        config["thinkingLevel"] = _LEVELS[effort]
    if wanted.visibility is not None:
        config["includeThoughts"] = wanted.visibility is not ReasoningVisibility.HIDDEN
    return config
