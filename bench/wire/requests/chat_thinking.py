"""How requests for chat completions say how much a model thinks."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from bench.wire.requests import JsonObject, NotExpressibleError, said_by
from routersvc.domain.conversation.reasoning import Reasoning, ReasoningEffort, ReasoningVisibility

EFFORTS = {one.value: one for one in ReasoningEffort} | {
    "max": ReasoningEffort.MAXIMUM,
    "default": ReasoningEffort.ADAPTIVE,
}
_TYPES = {"enabled": True, "disabled": False, "adaptive": True, "auto": True}

_WITHOUT_THINKING: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "gpustack": {"chat_template_kwargs": {"enable_thinking": False, "thinking": False}},
        "ollama": {"reasoning_effort": "none"},
    }
)
"""The documented words of servers to which clients wrote `enable_thinking`, as Alibaba takes it."""


def reasoning_of(rest: JsonObject) -> Reasoning:
    """Take the settings out of a request and return them.

    Raises:
        NotExpressibleError: the contract cannot say one of them.
    """
    settings: JsonObject = rest.pop("reasoning", {})
    effort = rest.pop("reasoning_effort", None) or settings.pop("effort", None)
    limit = settings.pop("max_tokens", None) or rest.pop("thinking_budget", None)
    hidden = settings.pop("exclude", False)
    thinks = _switch(rest, settings)
    for field in settings:
        raise NotExpressibleError(f"`reasoning.{field}`")
    if thinks is not None and effort is None and limit is None:
        effort = "adaptive" if thinks else "none"
    return Reasoning(
        effort=None if effort is None else said_by(EFFORTS, effort, "the reasoning effort"),
        max_tokens=limit,
        visibility=ReasoningVisibility.HIDDEN if hidden else None,
    )


def _switch(rest: JsonObject, settings: JsonObject) -> bool | None:
    """Take out whether the model thinks at all; what stands beside it stays."""
    thinking: JsonObject = rest.pop("thinking", {})
    kind = thinking.pop("type", None)
    if thinking:
        rest["thinking"] = thinking
    thinks: bool | None = None
    if kind is not None:
        thinks = said_by(_TYPES, kind, "thinking of the type")
    for place, name in ((settings, "enabled"), (rest, "enable_thinking")):
        said: bool | None = place.pop(name, None)
        thinks = thinks if said is None else said
    return thinks


def make_thinking_plain(body: JsonObject, provider: str) -> None:
    """Write in one way what asks a provider for the same."""
    reasoning = body.get("reasoning", {})
    if "effort" in reasoning or "max_tokens" in reasoning:
        reasoning.pop("enabled", None)
    if "reasoning_effort" in body and body.get("thinking") == {"type": "enabled"}:
        del body["thinking"]  # who names an effort has thinking on
    if body.get("enable_thinking") is False and provider in _WITHOUT_THINKING:
        del body["enable_thinking"]
        body.update(_WITHOUT_THINKING[provider])
