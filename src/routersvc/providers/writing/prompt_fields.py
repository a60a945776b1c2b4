"""Writes the fields of a prompt that several formats share, and refuses those a format lacks."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TypeVar

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.conversation.parts import Modality
from routersvc.domain.conversation.prompts import Prompt, Sampling, ServiceTier
from routersvc.domain.conversation.reasoning import Reasoning, ReasoningEffort
from routersvc.domain.conversation.tools import FunctionTool, HostedTool, ToolChoice, ToolChoiceMode
from routersvc.providers.dialects import Dialect
from routersvc.providers.reading.json_values import JsonObject

Word = TypeVar("Word")


class PromptField(enum.Enum):
    """A field of the prompt that some formats lack, by its name in messages."""

    MODALITIES = "output other than text"
    LOGPROBS = "log probabilities"
    VERBOSITY = "verbosity"
    PREDICTED_OUTPUT = "a predicted output"
    END_USER_ID = "an end user's id"
    PROMPT_CACHE_KEY = "a key for the prompt cache"
    SERVICE_TIER = "a service tier"
    TOOL_CHOICE = "a choice of tools"
    PARALLEL_TOOL_CALLS = "whether tools are called in parallel"
    REASONING_TOKENS = "a limit to the tokens spent on thinking"
    LOGIT_BIAS = "logit bias"
    TOOL_CACHE = "a cache marker on a tool"
    DEFERRED_TOOLS = "a tool that is searched for"


_IS_SET: Mapping[PromptField, Callable[[Prompt], bool]] = MappingProxyType(
    {
        PromptField.MODALITIES: lambda it: any(
            m is not Modality.TEXT for m in it.output_modalities
        ),
        PromptField.LOGPROBS: lambda it: it.logprobs is not None,
        PromptField.VERBOSITY: lambda it: it.verbosity is not None,
        PromptField.PREDICTED_OUTPUT: lambda it: bool(it.predicted_output),
        PromptField.END_USER_ID: lambda it: bool(it.end_user_id),
        PromptField.PROMPT_CACHE_KEY: lambda it: bool(it.prompt_cache_key),
        PromptField.SERVICE_TIER: lambda it: it.service_tier is not None,
        PromptField.TOOL_CHOICE: lambda it: (
            it.tool_choice is not None and it.tool_choice.mode is not ToolChoiceMode.AUTO
        ),
        PromptField.PARALLEL_TOOL_CALLS: lambda it: it.parallel_tool_calls is False,
        PromptField.REASONING_TOKENS: lambda it: it.reasoning.max_tokens is not None,
        PromptField.LOGIT_BIAS: lambda it: bool(it.sampling.logit_bias),
        PromptField.TOOL_CACHE: lambda it: any(
            isinstance(tool, FunctionTool) and tool.cache is not None for tool in it.tools
        ),
        PromptField.DEFERRED_TOOLS: lambda it: any(
            isinstance(tool, FunctionTool) and tool.deferred for tool in it.tools
        ),
    }
)


def refuse_fields(prompt: Prompt, dialect: Dialect, fields: Iterable[PromptField]) -> None:
    """Refuse a prompt that sets one of `fields`.

    Raises:
        AttemptFailedError: it does.
    """
    for field in fields:
        if _IS_SET[field](prompt):
            raise dialect.cannot_express(field.value)


def refuse_media_output(prompt: Prompt, dialect: Dialect) -> None:
    """Refuse a prompt that asks for output other than text, and name the kind.

    Raises:
        AttemptFailedError: it does.
    """
    for modality in prompt.output_modalities:
        if modality is not Modality.TEXT:
            raise dialect.cannot_express(f"output of the kind `{modality.value}`")


def add_sampling(
    body: JsonObject, sampling: Sampling, dialect: Dialect, *, seed_field: str = "seed"
) -> None:
    """Add the sampling parameters that are numbers, under the names that OpenAI gave them.

    Raises:
        AttemptFailedError: the dialect lacks the capability for one of them.
    """
    for field, value, capability in (
        ("temperature", sampling.temperature, Capability.SAMPLING),
        ("top_p", sampling.top_p, Capability.SAMPLING),
        ("top_k", sampling.top_k, Capability.TOP_K),
        ("min_p", sampling.min_p, Capability.MIN_P),
        ("frequency_penalty", sampling.frequency_penalty, Capability.PENALTIES),
        ("presence_penalty", sampling.presence_penalty, Capability.PENALTIES),
        (seed_field, sampling.seed, Capability.SEED),
    ):
        if value is not None:
            dialect.require(capability, f"`{field}`")
            body[field] = value


def add_tools(
    body: JsonObject,
    prompt: Prompt,
    dialect: Dialect,
    *,
    tool: Callable[[FunctionTool | HostedTool], JsonObject | None],
    function_choice: Callable[[str], JsonObject],
) -> None:
    """Add tools and the choice among them as OpenAI's formats have them.

    `tool` writes one tool, `None` for one that has its place elsewhere; `function_choice` writes
    the choice of the function with this name.

    Raises:
        AttemptFailedError: the dialect lacks the capability for one of them.
    """
    if prompt.tools:
        written = [entry for it in prompt.tools if (entry := tool(it)) is not None]
        if written:
            dialect.require(Capability.TOOLS, "tools")
            body["tools"] = written
    choice = prompt.tool_choice
    if choice is not None:
        if choice.mode is not ToolChoiceMode.AUTO:
            dialect.require(Capability.TOOL_CHOICE, PromptField.TOOL_CHOICE.value)
        body["tool_choice"] = _written_choice(choice, function_choice)
    if prompt.parallel_tool_calls is False:
        dialect.require(Capability.PARALLEL_TOOL_CALLS, PromptField.PARALLEL_TOOL_CALLS.value)
    if (
        prompt.parallel_tool_calls is not None
        and Capability.PARALLEL_TOOL_CALLS in dialect.capabilities
    ):
        body["parallel_tool_calls"] = prompt.parallel_tool_calls


def add_service_tier(
    body: JsonObject, prompt: Prompt, dialect: Dialect, tiers: Mapping[ServiceTier, str]
) -> None:
    """Add `service_tier` where the prompt asks for a tier.

    Raises:
        AttemptFailedError: the vendor does not offer this tier.
    """
    if prompt.service_tier is not None:
        tier = tiers.get(prompt.service_tier)
        if tier is None:
            raise dialect.cannot_express(f"the service tier `{prompt.service_tier.value}`")
        body["service_tier"] = tier


def effort_word(
    wanted: Reasoning, dialect: Dialect, efforts: Mapping[ReasoningEffort, Word]
) -> Word | None:
    """Return the vendor's word for the effort that is asked for; `None` where none is.

    Raises:
        AttemptFailedError: the vendor has no word for it.
    """
    if wanted.effort is None:
        return None
    word = efforts.get(wanted.effort)
    if word is None:
        raise dialect.cannot_express(f"the reasoning effort `{wanted.effort.value}`")
    return word


def _written_choice(
    choice: ToolChoice, function_choice: Callable[[str], JsonObject]
) -> str | JsonObject:
    if choice.mode is ToolChoiceMode.FUNCTION:
        return function_choice(choice.function_name)
    mode: str = choice.mode.value
    return mode
