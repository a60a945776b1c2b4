"""Writes the reasoning settings of Claude models, at any provider.

Models up to 4.5 take a budget of tokens; later ones take an effort, or decide themselves (adaptive
thinking). Each generation refuses the other's field, and the model's name tells the generation, at
Anthropic and at resellers. An effort becomes a budget as OpenRouter documents it: a share of the
longest answer, at least Anthropic's minimum.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from routersvc.domain.conversation.reasoning import Reasoning, ReasoningEffort, ReasoningVisibility
from routersvc.providers.reading.json_values import JsonObject

LEAST_BUDGET = 1_024
"""Tokens. Anthropic refuses a smaller budget."""

_EFFORTS: Mapping[ReasoningEffort, str] = MappingProxyType(
    {
        ReasoningEffort.MINIMAL: "low",
        ReasoningEffort.LOW: "low",
        ReasoningEffort.MEDIUM: "medium",
        ReasoningEffort.HIGH: "high",
        ReasoningEffort.XHIGH: "xhigh",
        ReasoningEffort.MAXIMUM: "max",
    }
)
_SHARES: Mapping[ReasoningEffort, float] = MappingProxyType(
    {
        ReasoningEffort.MINIMAL: 0.1,
        ReasoningEffort.LOW: 0.2,
        ReasoningEffort.MEDIUM: 0.5,
        ReasoningEffort.HIGH: 0.8,
        ReasoningEffort.XHIGH: 0.9,
        ReasoningEffort.MAXIMUM: 0.95,
    }
)
_DISPLAYS: Mapping[ReasoningVisibility, str] = MappingProxyType(
    {
        ReasoningVisibility.HIDDEN: "omitted",
        ReasoningVisibility.SUMMARY: "summarized",
        ReasoningVisibility.FULL: "summarized",
    }
)
"""Anthropic shows only a summary of a later model's thoughts."""

_THINKS_BY_BUDGET = re.compile(
    r"claude-(?:v?[0-3](?!\d)|instant"
    r"|(?:opus|sonnet|haiku)-4(?:[-.@]\d{8}|[-.][0-5](?!\d)|(?![-.]\d)))"
)


def thinks_by_budget(model: str) -> bool:
    """Return whether a model, by its name at the provider, takes a budget of tokens."""
    return _THINKS_BY_BUDGET.search(model) is not None


def thinking_efforts(*, by_budget: bool) -> frozenset[ReasoningEffort]:
    """Return the efforts that can be written; some models of a generation take fewer."""
    efforts = {ReasoningEffort.NONE, *_EFFORTS}
    return frozenset(efforts if by_budget else {*efforts, ReasoningEffort.ADAPTIVE})


def thinking_fields(
    wanted: Reasoning,
    *,
    by_budget: bool,
    max_tokens: int,
    cannot_express: Callable[[str], Exception],
) -> JsonObject:
    """Return the fields `thinking` and `output_config`, as far as anything was asked for.

    `max_tokens` limits the answer, thoughts included; `cannot_express` makes the error to raise.
    """
    effort, budget, visibility = wanted.effort, wanted.max_tokens, wanted.visibility
    if effort is ReasoningEffort.NONE:
        if budget is not None:
            raise cannot_express("no thinking beside a limit to its tokens")
        return {"thinking": {"type": "disabled"}}
    if effort is ReasoningEffort.ADAPTIVE and (by_budget or budget is not None):
        raise cannot_express("adaptive thinking with a budget of tokens")
    fields: JsonObject = {}
    thinking: JsonObject = {}
    if by_budget and effort is not None:
        share = max(LEAST_BUDGET, int(max_tokens * _SHARES[effort]))
        share = min(share, max_tokens - 1)
        budget = share if budget is None else min(budget, share)
    elif effort is not None:
        if effort is not ReasoningEffort.ADAPTIVE:
            fields["output_config"] = {"effort": _EFFORTS[effort]}
        thinking["type"] = "adaptive"
    elif visibility not in {None, ReasoningVisibility.HIDDEN} and not by_budget:
        thinking["type"] = "adaptive"
    if budget is not None:
        if not LEAST_BUDGET <= budget < max_tokens:
            raise cannot_express(f"{budget} tokens of thinking in an answer of {max_tokens}")
        thinking = {"type": "enabled", "budget_tokens": budget}
    if thinking and visibility is not None:
        thinking["display"] = _DISPLAYS[visibility]
    if thinking:
        fields["thinking"] = thinking
    return fields
