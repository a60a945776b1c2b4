"""Reads a Messages request and refuses what Anthropic would refuse.

Supported are the features that the simulator implements: text, images, documents, tools of the
client, structured output, extended thinking (which is counted, and shown as a block
without its text). Anthropic's own tools are refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from routersvc.simulator.answers.completions import CompletionRequest, Prompt
from routersvc.simulator.answers.models import ReasoningEffort, SimulatedModel
from routersvc.simulator.answers.tools import ToolMode, ToolOffer, tools_named
from routersvc.simulator.formats.anthropic.errors import ERRORS, AnthropicWording, refusal
from routersvc.simulator.formats.anthropic.prompts import read_messages
from routersvc.simulator.formats.json_fields import Fields, Json, dotted
from routersvc.simulator.formats.offers import Offer

# The newest takes no sampling parameters, and is stricter with documents and citations.
_WITHOUT_SAMPLING = "2026-10-21"
VERSIONS = ("2023-01-01", "2023-06-01", _WITHOUT_SAMPLING)

_KNOWN = frozenset(
    {
        "cache_control",
        "inference_geo",
        "max_tokens",
        "messages",
        "metadata",
        "model",
        "output_config",
        "output_format",
        "service_tier",
        "stop_sequences",
        "stream",
        "system",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
    }
)
_SAMPLING = frozenset({"temperature", "top_k", "top_p"})
_LEAST_BUDGET = 1024
_EFFORTS: Mapping[str, ReasoningEffort] = MappingProxyType(
    {
        "low": ReasoningEffort.LOW,
        "medium": ReasoningEffort.MEDIUM,
        "high": ReasoningEffort.HIGH,
        "xhigh": ReasoningEffort.XHIGH,
        "max": ReasoningEffort.MAX,
    }
)
_MODES: Mapping[str, ToolMode] = MappingProxyType(
    {
        "auto": ToolMode.AUTO,
        "any": ToolMode.REQUIRED,
        "tool": ToolMode.NAMED,
        "none": ToolMode.NEVER,
    }
)


def read_request(raw: bytes, offer: Offer, version: str | None) -> CompletionRequest:
    """Return the parsed request.

    Raises:
        RefusedError: Anthropic would not accept it.
    """
    body = Fields.of_body(raw, AnthropicWording())
    strict = version == _WITHOUT_SAMPLING
    body.refuse_unknown(_KNOWN - _SAMPLING if strict else _KNOWN)
    name = body.text("model")
    limit = body.integer("max_tokens", low=1)
    if limit is None:
        raise AnthropicWording().missing(("max_tokens",))
    streaming = body.switch("stream", default=False)
    body.number("temperature", low=0, high=1)
    body.number("top_p", low=0, high=1)
    body.integer("top_k", low=0)
    model = offer.model(name, ERRORS.unknown_model)
    _check_limit(limit, model)
    prompt = read_messages(body, model, strict=strict)
    _check_context(prompt, limit, model)
    tools, mode, parallel = _read_tools(body)
    return CompletionRequest(
        model=model,
        streaming=streaming,
        prompt=prompt,
        tools=tools,
        tool_mode=mode,
        parallel_tool_calls=parallel,
        json_schema=_read_schema(body),
        stop=body.texts("stop_sequences"),
        max_tokens=limit,
        reasoning_effort=_read_effort(body, limit, model),
    )


def _check_limit(limit: int, model: SimulatedModel) -> None:
    if limit > model.max_output_tokens:
        raise refusal(
            f"max_tokens: {limit} > {model.max_output_tokens}, which is the maximum allowed number "
            f"of output tokens for {model.id}"
        )


def _check_context(prompt: Prompt, limit: int, model: SimulatedModel) -> None:
    window = model.context_window
    if prompt.tokens > window:
        raise refusal(f"prompt is too long: {prompt.tokens} tokens > {window} maximum")
    if prompt.tokens + limit > window:
        raise refusal(
            f"input length and `max_tokens` exceed context limit: {prompt.tokens} + {limit} > "
            f"{window}, decrease input length or `max_tokens` and try again"
        )


def _read_tools(body: Fields) -> tuple[tuple[ToolOffer, ...], ToolMode, bool]:
    offers = tuple(_read_tool(tool) for tool in body.objects("tools"))
    choice = body.optional_inner("tool_choice")
    if choice is None:
        return offers, ToolMode.AUTO if offers else ToolMode.NEVER, True
    mode = _MODES[choice.one_of("type", tuple(_MODES))]
    parallel = not choice.switch("disable_parallel_tool_use", default=False)
    if not offers and mode is not ToolMode.NEVER:
        raise refusal("tool_choice: tool_choice may only be specified while providing tools.")
    if mode is not ToolMode.NAMED:
        return offers, mode, parallel
    name = choice.text("name")
    named = tools_named(offers, name)
    if not named:
        raise refusal(f"tool_choice.tool.name: Tool '{name}' not found in provided tools")
    return named, mode, parallel


def _read_tool(tool: Fields) -> ToolOffer:
    if tool.has("type") and tool.text("type") != "custom":
        raise refusal(f"{dotted(tool.place)}: '{tool.text('type')}' is not supported here")
    schema = tool.inner("input_schema")
    schema.one_of("type", ("object",))
    return ToolOffer(name=tool.text("name"), parameters=schema.values)


def _read_schema(body: Fields) -> Json | None:
    """Return the schema that the answer must fit, from where it is now or where it was first."""
    config = body.optional_inner("output_config")
    wanted = config.optional_inner("format") if config is not None else None
    wanted = wanted or body.optional_inner("output_format")
    if wanted is None:
        return None
    wanted.one_of("type", ("json_schema",))
    return wanted.inner("schema").values


def _read_effort(body: Fields, limit: int, model: SimulatedModel) -> ReasoningEffort:
    """Return how much is thought: nothing unless thinking is asked for."""
    config = body.optional_inner("output_config")
    effort = ReasoningEffort.HIGH
    if config is not None and config.has("effort"):
        if not model.reasoning:
            raise refusal("This model does not support the effort parameter.")
        effort = _EFFORTS[config.one_of("effort", tuple(_EFFORTS))]
    thinking = body.optional_inner("thinking")
    if thinking is None:
        return ReasoningEffort.NONE
    kind = thinking.one_of("type", ("adaptive", "disabled", "enabled"))
    if kind == "disabled":
        return ReasoningEffort.NONE
    if not model.reasoning:
        raise refusal(f"'{model.id}' does not support thinking.")
    if kind == "enabled":
        budget = thinking.integer("budget_tokens", low=_LEAST_BUDGET)
        if budget is None:
            raise AnthropicWording().missing(thinking.at("budget_tokens"))
        if budget >= limit:
            raise refusal("`max_tokens` must be greater than `thinking.budget_tokens`.")
        return ReasoningEffort.MEDIUM
    return effort
