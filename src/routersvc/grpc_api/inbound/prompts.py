"""Converts `Prompt`, checked by the rules of `prompt.proto`.

The caller must check the violations before it uses the result.
"""

from __future__ import annotations

from llmrouter.v1 import prompt_pb2
from routersvc.domain.conversation.messages import Message
from routersvc.domain.conversation.parts import Modality
from routersvc.domain.conversation.prompts import AudioOutput, Prompt, Sampling, WireExtension
from routersvc.domain.conversation.reasoning import Reasoning
from routersvc.domain.conversation.response_formats import (
    JsonObjectFormat,
    JsonSchemaFormat,
    ResponseFormat,
)
from routersvc.domain.conversation.steps import Steps
from routersvc.domain.conversation.tools import (
    FunctionTool,
    HostedTool,
    ToolChoice,
    ToolChoiceMode,
)
from routersvc.grpc_api.inbound import enums as enums_in
from routersvc.grpc_api.inbound.message_fields import MessageFields
from routersvc.grpc_api.inbound.parts import message_of
from routersvc.grpc_api.inbound.tools import tools_of
from routersvc.grpc_api.inbound.violations import Violations

MAX_ID_BYTES = 128
MAX_STOP_SEQUENCES = 16
MAX_TOP_LOGPROBS = 20
MAX_LOGIT_BIASES = 1_024
MAX_OUTPUT_MODALITIES = 16
MAX_WIRE_EXTENSIONS = 64

_ENTRIES_IN_STEP = 64
"""Messages or tools that are converted in one step."""

_NO_SAMPLING = Sampling()
_NO_REASONING = Reasoning()

_ASKING_ROLES = frozenset({prompt_pb2.ROLE_USER, prompt_pb2.ROLE_TOOL})


def prompt_of(prompt: prompt_pb2.Prompt, violations: Violations) -> Steps[Prompt]:
    """Return the prompt, in steps."""
    messages = yield from _messages(prompt, violations)
    tools = yield from tools_of(prompt, violations)
    if prompt.end_user_id:
        violations.size("prompt.end_user_id", prompt.end_user_id, MAX_ID_BYTES)
    if prompt.prompt_cache_key:
        violations.size("prompt.prompt_cache_key", prompt.prompt_cache_key, MAX_ID_BYTES)
    output_modalities = _output_modalities(prompt, violations)
    return Prompt(
        messages=messages,
        tools=tools,
        tool_choice=_tool_choice(prompt, tools, violations),
        parallel_tool_calls=prompt.parallel_tool_calls
        if prompt.HasField("parallel_tool_calls")
        else None,
        response_format=_response_format(prompt, violations)
        if prompt.HasField("response_format")
        else None,
        sampling=_sampling(prompt.sampling, violations)
        if prompt.HasField("sampling")
        else _NO_SAMPLING,
        reasoning=_reasoning(MessageFields(prompt.reasoning, "prompt.reasoning", violations))
        if prompt.HasField("reasoning")
        else _NO_REASONING,
        output_modalities=output_modalities,
        audio_output=_audio_output(prompt, output_modalities, violations),
        logprobs=_logprobs(prompt, violations),
        verbosity=violations.known("prompt.verbosity", prompt.verbosity, enums_in.VERBOSITIES),
        predicted_output=prompt.predicted_output,
        end_user_id=prompt.end_user_id,
        prompt_cache_key=prompt.prompt_cache_key,
        service_tier=violations.known(
            "prompt.service_tier", prompt.service_tier, enums_in.SERVICE_TIERS
        ),
        wire_extensions=_wire_extensions(prompt, violations),
    )


def _messages(prompt: prompt_pb2.Prompt, violations: Violations) -> Steps[tuple[Message, ...]]:
    if not violations.at_most("prompt.messages", len(prompt.messages), violations.limits.messages):
        return ()
    if not prompt.messages:
        violations.add("prompt.messages", "must hold at least one message")
    elif not any(message.role in _ASKING_ROLES for message in prompt.messages):
        violations.add("prompt.messages", "must hold a message from the user or a tool")
    converted: list[Message] = []
    for place, message in enumerate(prompt.messages):
        one = message_of(message, f"prompt.messages[{place}]", violations)
        if one is not None:
            converted.append(one)
        if place % _ENTRIES_IN_STEP == _ENTRIES_IN_STEP - 1:
            yield
    return tuple(converted)


def _tool_choice(
    prompt: prompt_pb2.Prompt, tools: tuple[FunctionTool | HostedTool, ...], violations: Violations
) -> ToolChoice | None:
    if not prompt.HasField("tool_choice"):
        return None
    choice = prompt.tool_choice
    path = "prompt.tool_choice"
    mode = violations.known(f"{path}.mode", choice.mode, enums_in.TOOL_CHOICE_MODES)
    if mode is None:
        return None
    if mode is ToolChoiceMode.FUNCTION:
        if not any(
            isinstance(tool, FunctionTool) and tool.name == choice.function_name for tool in tools
        ):
            violations.add(f"{path}.function_name", "must name one of the functions in `tools`")
    elif choice.function_name:
        violations.add(f"{path}.function_name", "allowed with `TOOL_CHOICE_MODE_FUNCTION` only")
    if mode is ToolChoiceMode.REQUIRED and not prompt.tools:
        violations.add(f"{path}.mode", "requires a tool call, but `tools` is empty")
    return ToolChoice(mode=mode, function_name=choice.function_name)


def _response_format(prompt: prompt_pb2.Prompt, violations: Violations) -> ResponseFormat | None:
    match prompt.response_format.WhichOneof("format"):
        case None | "text":
            return None
        case "json_object":
            return JsonObjectFormat()
        case "json_schema":
            schema = prompt.response_format.json_schema
            path = "prompt.response_format.json_schema"
            violations.name(f"{path}.name", schema.name)
            violations.json_object(f"{path}.json_schema", schema.json_schema)
            return JsonSchemaFormat(
                name=schema.name,
                json_schema=schema.json_schema,
                description=schema.description,
                strict=schema.strict if schema.HasField("strict") else None,
            )


def _sampling(given: prompt_pb2.Sampling, violations: Violations) -> Sampling:
    path = "prompt.sampling"
    fields = MessageFields(given, path, violations)
    if given.HasField("top_p") and given.top_p == 0:
        violations.add("prompt.sampling.top_p", "must be above 0")
    if len(given.stop_sequences) > MAX_STOP_SEQUENCES:
        violations.add(
            "prompt.sampling.stop_sequences", f"must have at most {MAX_STOP_SEQUENCES} entries"
        )
        return Sampling()
    if not violations.at_most(f"{path}.logit_bias", len(given.logit_bias), MAX_LOGIT_BIASES):
        return Sampling()
    for place, sequence in enumerate(given.stop_sequences):
        violations.present(f"{path}.stop_sequences[{place}]", sequence)
    for token, bias in given.logit_bias.items():
        violations.number(f"{path}.logit_bias[{token}]", bias, low=-100, high=100)
        if token < 0:
            violations.add(f"{path}.logit_bias[{token}]", "must be a token id of at least 0")
    return Sampling(
        temperature=fields.number("temperature", low=0, high=2),
        top_p=fields.number("top_p", low=0, high=1),
        top_k=fields.integer("top_k", low=1),
        min_p=fields.number("min_p", low=0, high=1),
        frequency_penalty=fields.number("frequency_penalty", low=-2, high=2),
        presence_penalty=fields.number("presence_penalty", low=-2, high=2),
        seed=given.seed if given.HasField("seed") else None,
        stop_sequences=tuple(given.stop_sequences),
        max_output_tokens=fields.integer("max_output_tokens", low=1),
        logit_bias=dict(given.logit_bias),
    )


def _reasoning(fields: MessageFields) -> Reasoning:
    return Reasoning(
        effort=fields.member("effort", enums_in.REASONING_EFFORTS),
        max_tokens=fields.integer("max_tokens", low=0),
        visibility=fields.member("visibility", enums_in.REASONING_VISIBILITIES),
    )


def _output_modalities(prompt: prompt_pb2.Prompt, violations: Violations) -> tuple[Modality, ...]:
    modalities: list[Modality] = []
    if not violations.at_most(
        "prompt.output_modalities", len(prompt.output_modalities), MAX_OUTPUT_MODALITIES
    ):
        return ()
    for place, number in enumerate(prompt.output_modalities):
        path = f"prompt.output_modalities[{place}]"
        if number == prompt_pb2.MODALITY_UNSPECIFIED:
            violations.add(path, "must be set")
            continue
        modality = violations.known(path, number, enums_in.MODALITIES)
        if modality is not None:
            modalities.append(modality)
    return tuple(modalities)


def _audio_output(
    prompt: prompt_pb2.Prompt, modalities: tuple[Modality, ...], violations: Violations
) -> AudioOutput | None:
    path = "prompt.audio_output"
    if not prompt.HasField("audio_output"):
        if Modality.AUDIO in modalities:
            violations.add(path, "must be set if `output_modalities` has audio")
        return None
    if Modality.AUDIO not in modalities:
        violations.add(path, "allowed only if `output_modalities` has audio")
    audio = prompt.audio_output
    violations.present(f"{path}.voice", audio.voice)
    violations.media_type(f"{path}.media_type", audio.media_type, required=True)
    return AudioOutput(voice=audio.voice, media_type=audio.media_type)


def _logprobs(prompt: prompt_pb2.Prompt, violations: Violations) -> int | None:
    if not prompt.HasField("logprobs"):
        return None
    return violations.number(
        "prompt.logprobs.top", prompt.logprobs.top, low=0, high=MAX_TOP_LOGPROBS
    )


def _wire_extensions(
    prompt: prompt_pb2.Prompt, violations: Violations
) -> tuple[WireExtension, ...]:
    extensions: list[WireExtension] = []
    formats: set[str] = set()
    if not violations.at_most(
        "prompt.wire_extensions", len(prompt.wire_extensions), MAX_WIRE_EXTENSIONS
    ):
        return ()
    for place, extension in enumerate(prompt.wire_extensions):
        path = f"prompt.wire_extensions[{place}]"
        violations.present(f"{path}.wire_format", extension.wire_format)
        if extension.wire_format in formats:
            violations.add(f"{path}.wire_format", "must be unique among the extensions")
        formats.add(extension.wire_format)
        violations.json_object(f"{path}.fields_json", extension.fields_json)
        extensions.append(
            WireExtension(wire_format=extension.wire_format, fields_json=extension.fields_json)
        )
    return tuple(extensions)
