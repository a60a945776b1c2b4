"""Which capabilities a request requires, and when each would not be needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from routersvc.domain.catalogue.capabilities import MODALITY_CAPABILITIES, Capability
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.conversation.messages import Role
from routersvc.domain.conversation.parts import Modality
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.response_formats import JsonObjectFormat, JsonSchemaFormat
from routersvc.domain.conversation.tools import FunctionTool, HostedTool, ToolChoiceMode
from routersvc.domain.profiling.prompt_contents import PromptContents


def required_capabilities(request: Request, contents: PromptContents) -> frozenset[Capability]:
    """Return the capabilities that model and wire format must have."""
    return frozenset(_required(request, contents))


def _required(request: Request, contents: PromptContents) -> Iterator[Capability]:
    prompt = request.prompt
    if request.streaming:
        yield Capability.STREAMING
    for modality in contents.modalities:
        if modality in MODALITY_CAPABILITIES:
            yield MODALITY_CAPABILITIES[modality]
    if contents.cache_lifetime is not None or any(
        tool.cache is not None for tool in prompt.tools if isinstance(tool, FunctionTool)
    ):
        yield Capability.PROMPT_CACHE
    for message in prompt.messages:
        if message.role is Role.SYSTEM or message.role is Role.DEVELOPER:
            yield Capability.SYSTEM_PROMPT
            break
    if prompt.messages[-1].role is Role.ASSISTANT:
        yield Capability.PREFILL
    yield from _tool_capabilities(prompt)
    yield from _sampling_capabilities(prompt)
    yield from _output_capabilities(prompt)
    yield from _service_capabilities(prompt)


def _tool_capabilities(prompt: Prompt) -> Iterator[Capability]:
    if prompt.tools:
        yield Capability.TOOLS
    if any(isinstance(tool, HostedTool) or tool.deferred for tool in prompt.tools):
        yield Capability.HOSTED_TOOLS
    if prompt.tool_choice is not None and prompt.tool_choice.mode is not ToolChoiceMode.AUTO:
        yield Capability.TOOL_CHOICE
    if prompt.parallel_tool_calls is False:  # several calls are what vendors without a switch allow
        yield Capability.PARALLEL_TOOL_CALLS


def _sampling_capabilities(prompt: Prompt) -> Iterator[Capability]:
    sampling = prompt.sampling
    if sampling.temperature is not None or sampling.top_p is not None:
        yield Capability.SAMPLING
    if sampling.top_k is not None:
        yield Capability.TOP_K
    if sampling.min_p is not None:
        yield Capability.MIN_P
    if sampling.frequency_penalty is not None or sampling.presence_penalty is not None:
        yield Capability.PENALTIES
    if sampling.seed is not None:
        yield Capability.SEED
    if sampling.stop_sequences:
        yield Capability.STOP_SEQUENCES
    if sampling.logit_bias:
        yield Capability.LOGIT_BIAS


def _output_capabilities(prompt: Prompt) -> Iterator[Capability]:
    match prompt.response_format:
        case JsonObjectFormat():
            yield Capability.JSON_OBJECT
        case JsonSchemaFormat():
            yield Capability.JSON_SCHEMA
        case None:
            pass
    if Modality.AUDIO in prompt.output_modalities:
        yield Capability.AUDIO_OUTPUT
    if Modality.IMAGE in prompt.output_modalities:
        yield Capability.IMAGE_OUTPUT
    if prompt.reasoning.effort is not None or prompt.reasoning.max_tokens is not None:
        yield Capability.REASONING
    if prompt.logprobs is not None:
        yield Capability.LOGPROBS


def _service_capabilities(prompt: Prompt) -> Iterator[Capability]:
    if prompt.verbosity is not None:
        yield Capability.VERBOSITY
    if prompt.service_tier is not None:
        yield Capability.SERVICE_TIER
    if prompt.predicted_output:
        yield Capability.PREDICTED_OUTPUT


UNNEEDED_IF: Mapping[Capability, str] = MappingProxyType(
    {
        Capability.TOOLS: "the request had no tools",
        Capability.PARALLEL_TOOL_CALLS: "`parallel_tool_calls` were unset or true",
        Capability.TOOL_CHOICE: "`tool_choice` were unset or `auto`",
        Capability.JSON_OBJECT: "`response_format` were text",
        Capability.JSON_SCHEMA: "`response_format` were text",
        Capability.IMAGE_INPUT: "the prompt had no images",
        Capability.AUDIO_INPUT: "the prompt had no audio",
        Capability.FILE_INPUT: "the prompt had no documents",
        Capability.AUDIO_OUTPUT: "`output_modalities` did not name audio",
        Capability.IMAGE_OUTPUT: "`output_modalities` did not name images",
        Capability.REASONING: "`reasoning` were unset",
        Capability.LOGPROBS: "`logprobs` were unset",
        Capability.SEED: "`seed` were unset",
        Capability.SAMPLING: "`temperature` and `top_p` were unset",
        Capability.TOP_K: "`top_k` were unset",
        Capability.PENALTIES: "`frequency_penalty` and `presence_penalty` were unset",
        Capability.STOP_SEQUENCES: "`stop_sequences` were empty",
        Capability.LOGIT_BIAS: "`logit_bias` were empty",
        Capability.PREFILL: "the last message were not by the assistant",
        Capability.STREAMING: "the answer were not streamed",
        Capability.PROMPT_CACHE: "nothing were marked for the prompt cache",
        Capability.PREDICTED_OUTPUT: "`predicted_output` were unset",
        Capability.HOSTED_TOOLS: "no tool were hosted or searched for by the provider",
        Capability.MIN_P: "`min_p` were unset",
        Capability.VERBOSITY: "`verbosity` were unset",
        Capability.SERVICE_TIER: "`service_tier` were unset",
        Capability.SYSTEM_PROMPT: "the prompt had no system instructions",
    }
)
