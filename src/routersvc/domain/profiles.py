"""What the router understands of a request: what it needs of a model, and how large it is.

Token counts here are an estimate from the size of the text, made without a tokenizer:
good enough to leave out a model whose window is far too small. A provider's own word about
its window still decides at the border.
"""

from __future__ import annotations

from collections.abc import Iterator

from routersvc.domain.catalogue import MODALITY_CAPABILITIES, Capability
from routersvc.domain.plans import Evidence, Profile
from routersvc.domain.prompts import (
    Audio,
    File,
    HostedTool,
    Image,
    JsonObjectFormat,
    JsonSchemaFormat,
    Modality,
    Part,
    Prompt,
    Refusal,
    Role,
    Text,
    Thought,
    ToolCall,
    ToolChoiceMode,
    ToolResult,
)
from routersvc.domain.requests import Request

BYTES_PER_TOKEN = 4
"""English prose in the o200k vocabulary has about 4.2 bytes a token; other text has fewer."""

TOKENS_PER_MESSAGE = 4
"""The frame of role and separators around a message in the chat formats."""

TOKENS_PER_IMAGE = 765
"""A picture of 1024 × 1024 in high detail by OpenAI's published rule: 85 + 4 × 170."""

DEFAULT_OUTPUT_TOKENS = 1024
"""What an answer is assumed to need where neither caller nor prompt says so."""


def profile_of(request: Request) -> Profile:
    """Return what a request needs of a model. Reads the prompt once; never quotes it."""
    prompt = request.prompt
    routing = request.routing
    modalities: set[Modality] = set()
    size = 0
    images = 0
    cache_markers = False
    for part in _parts(prompt):
        modality = _modality(part)
        modalities.add(modality)
        if modality is Modality.IMAGE:
            images += 1
        size += _size(part)
        cache_markers = cache_markers or part.cache is not None
    for tool in prompt.tools:
        size += len(tool.name)
        if not isinstance(tool, HostedTool):
            size += len(tool.description) + len(tool.parameters_json_schema)
    input_tokens = (
        -(-size // BYTES_PER_TOKEN)
        + TOKENS_PER_MESSAGE * len(prompt.messages)
        + TOKENS_PER_IMAGE * images
    )
    output_tokens = (
        prompt.sampling.max_output_tokens or routing.expected_output_tokens or DEFAULT_OUTPUT_TOKENS
    )
    capabilities = frozenset(_capabilities(request, modalities, cache_markers=cache_markers))
    return Profile(
        input_tokens=input_tokens,
        input_tokens_exact=False,
        output_tokens=output_tokens,
        modalities=frozenset(modalities),
        capabilities=capabilities,
        data_classes=routing.constraints.data_classes,
        priority=routing.priority,
    )


def evidence_of(profile: Profile, request: Request) -> tuple[Evidence, ...]:
    """Return what the findings of a profile rest on; only explanations pay for it."""
    sampling = request.prompt.sampling
    if sampling.max_output_tokens is not None:
        output = "the request limits the answer to so many tokens"
    elif request.routing.expected_output_tokens is not None:
        output = "the caller expects an answer of that length"
    else:
        output = "nothing is said about the length of the answer"
    return (
        Evidence(
            finding="input_tokens",
            description=f"{BYTES_PER_TOKEN} bytes of text are taken for one token",
        ),
        Evidence(finding="output_tokens", description=output),
        *(
            Evidence(finding="capability", description=f"the request needs `{name}`")
            for name in sorted(capability.value for capability in profile.capabilities)
        ),
    )


def _parts(prompt: Prompt) -> Iterator[Part]:
    for message in prompt.messages:
        for part in message.parts:
            yield part
            if isinstance(part, ToolResult):
                yield from part.parts


def _modality(part: Part) -> Modality:
    match part:
        case Image():
            return Modality.IMAGE
        case Audio():
            return Modality.AUDIO
        case File():
            return Modality.FILE
        case _:
            return Modality.TEXT


def _size(part: Part) -> int:
    """Return the size of what a part says in words, in bytes where that is cheap to know."""
    match part:
        case Text() | Refusal() | Thought():
            text = part.text
        case ToolCall():
            text = part.arguments_json
        case _:
            return 0
    return len(text) if text.isascii() else len(text.encode())


def _capabilities(
    request: Request, modalities: set[Modality], *, cache_markers: bool
) -> Iterator[Capability]:
    prompt = request.prompt
    if request.streaming:
        yield Capability.STREAMING
    for modality in modalities:
        if modality in MODALITY_CAPABILITIES:
            yield MODALITY_CAPABILITIES[modality]
    if cache_markers:
        yield Capability.PROMPT_CACHE
    if any(message.role in {Role.SYSTEM, Role.DEVELOPER} for message in prompt.messages):
        yield Capability.SYSTEM_PROMPT
    if prompt.messages[-1].role is Role.ASSISTANT:
        yield Capability.PREFILL
    yield from _tool_capabilities(prompt)
    yield from _sampling_capabilities(prompt)
    yield from _output_capabilities(prompt)
    yield from _service_capabilities(prompt)


def _tool_capabilities(prompt: Prompt) -> Iterator[Capability]:
    if prompt.tools:
        yield Capability.TOOLS
    if any(isinstance(tool, HostedTool) for tool in prompt.tools):
        yield Capability.HOSTED_TOOLS
    if prompt.tool_choice is not None and prompt.tool_choice.mode is not ToolChoiceMode.AUTO:
        yield Capability.TOOL_CHOICE
    if prompt.parallel_tool_calls is not None:
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
