"""Writes an attempt as the body of a generateContent request."""

from __future__ import annotations

from typing import cast

from routersvc.domain.conversation.parts import Modality
from routersvc.domain.conversation.prompts import Prompt, Sampling
from routersvc.domain.conversation.response_formats import JsonObjectFormat, JsonSchemaFormat
from routersvc.domain.conversation.tools import FunctionTool, HostedTool, ToolChoice, ToolChoiceMode
from routersvc.engine.ports import AttemptCall
from routersvc.providers.formats.gemini.contents import encode_conversation, wants_signed_calls
from routersvc.providers.formats.gemini.dialects import GeminiDialect
from routersvc.providers.formats.gemini.hosted_tools import encode_hosted_tool
from routersvc.providers.formats.gemini.spellings import camel_case_names
from routersvc.providers.formats.gemini.thinking import thinking_config
from routersvc.providers.reading.json_values import JsonObject, object_in
from routersvc.providers.writing.function_tools import parameters_of
from routersvc.providers.writing.prompt_fields import PromptField, refuse_fields
from routersvc.providers.writing.wire_extensions import extensions_for, keep_out

CONTRACT_FIELDS = frozenset(
    {"contents", "model", "serviceTier", "store", "systemInstruction", "toolConfig", "tools"}
)
"""Fields that a wire extension may not carry: the contract has fields for them, or they
decide who keeps the prompt."""

CONTRACT_GENERATION_FIELDS = frozenset(
    {
        "candidateCount",
        "frequencyPenalty",
        "logprobs",
        "maxOutputTokens",
        "presencePenalty",
        "responseFormat",
        "responseJsonSchema",
        "responseLogprobs",
        "responseMimeType",
        "responseModalities",
        "responseSchema",
        "seed",
        "speechConfig",
        "stopSequences",
        "temperature",
        "thinkingConfig",
        "topK",
        "topP",
    }
)
"""The same, inside `generationConfig`."""

MAX_STOP_SEQUENCES = 5
_SEEDS = range(-(2**31), 2**31)
_SPOKEN = frozenset({"audio/pcm", "audio/l16"})
"""The only audio format that the models produce."""

_MODALITIES = {Modality.TEXT: "TEXT", Modality.IMAGE: "IMAGE", Modality.AUDIO: "AUDIO"}

_LACKING = (
    PromptField.VERBOSITY,
    PromptField.PREDICTED_OUTPUT,
    PromptField.END_USER_ID,
    PromptField.PROMPT_CACHE_KEY,
    PromptField.PARALLEL_TOOL_CALLS,
    PromptField.LOGIT_BIAS,
    PromptField.TOOL_CACHE,
    PromptField.DEFERRED_TOOLS,
)


def encode_body(call: AttemptCall, dialect: GeminiDialect) -> JsonObject:
    """Return the body of the request for an attempt.

    Raises:
        AttemptFailedError: the prompt asks for what the format cannot express.
    """
    prompt = call.prompt
    body = encode_conversation(
        prompt.messages, dialect, signed=wants_signed_calls(call.deployment.wire_model)
    )
    _add_tools(body, prompt, dialect)
    generation = _sampling(prompt.sampling, dialect)
    generation |= _output(prompt, dialect)
    thinking = thinking_config(prompt.reasoning, call.deployment.wire_model, dialect)
    if thinking:
        generation["thinkingConfig"] = thinking
    refuse_fields(prompt, dialect, _LACKING)
    if prompt.service_tier is not None and dialect.tier_header is None:
        body["serviceTier"] = dialect.service_tiers[prompt.service_tier]
    if dialect.store_field and (call.zero_data_retention or call.no_training):
        body["store"] = False
    _add_extensions(body, generation, prompt, dialect)
    if generation:
        body["generationConfig"] = generation
    return body


def _add_tools(body: JsonObject, prompt: Prompt, dialect: GeminiDialect) -> None:
    declarations = [_declaration(tool) for tool in prompt.tools if isinstance(tool, FunctionTool)]
    tools: list[JsonObject] = [{"functionDeclarations": declarations}] if declarations else []
    tools += [
        encode_hosted_tool(tool, dialect) for tool in prompt.tools if isinstance(tool, HostedTool)
    ]
    if tools:
        body["tools"] = tools
    strict = any(isinstance(tool, FunctionTool) and tool.strict for tool in prompt.tools)
    config = _calling(prompt.tool_choice, strict=strict)
    if config:
        body["toolConfig"] = {"functionCallingConfig": config}


def _declaration(tool: FunctionTool) -> JsonObject:
    declaration: JsonObject = {"name": tool.name}
    if tool.description:
        declaration["description"] = tool.description
    if tool.parameters_json_schema:
        declaration["parametersJsonSchema"] = parameters_of(tool)
    return declaration


def _calling(choice: ToolChoice | None, *, strict: bool) -> JsonObject:
    """Return the calling mode. `ANY` and `VALIDATED` make arguments obey their schema."""
    if choice is None:
        return {"mode": "VALIDATED"} if strict else {}
    match choice.mode:
        case ToolChoiceMode.AUTO:
            return {"mode": "VALIDATED" if strict else "AUTO"}
        case ToolChoiceMode.NONE:
            return {"mode": "NONE"}
        case ToolChoiceMode.REQUIRED:
            return {"mode": "ANY"}
        case ToolChoiceMode.FUNCTION:
            return {"mode": "ANY", "allowedFunctionNames": [choice.function_name]}


def _sampling(sampling: Sampling, dialect: GeminiDialect) -> JsonObject:
    if sampling.min_p is not None:
        raise dialect.cannot_express("`min_p`")
    if sampling.seed is not None and sampling.seed not in _SEEDS:
        raise dialect.cannot_express("a seed of more than 32 bits")
    if len(sampling.stop_sequences) > MAX_STOP_SEQUENCES:
        raise dialect.cannot_express(f"more than {MAX_STOP_SEQUENCES} stop sequences")
    fields: JsonObject = {
        "temperature": sampling.temperature,
        "topP": sampling.top_p,
        "topK": sampling.top_k,
        "frequencyPenalty": sampling.frequency_penalty,
        "presencePenalty": sampling.presence_penalty,
        "seed": sampling.seed,
        "maxOutputTokens": sampling.max_output_tokens,
        "stopSequences": list(sampling.stop_sequences) or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _output(prompt: Prompt, dialect: GeminiDialect) -> JsonObject:
    fields: JsonObject = {}
    match prompt.response_format:
        case JsonObjectFormat():
            fields["responseMimeType"] = "application/json"
        case JsonSchemaFormat() as wanted:
            fields["responseMimeType"] = "application/json"
            fields["responseJsonSchema"] = object_in(
                wanted.json_schema, "response_format.json_schema"
            )
        case None:
            pass
    if prompt.logprobs is not None:
        fields["responseLogprobs"] = True
        if prompt.logprobs:
            fields["logprobs"] = prompt.logprobs
    if prompt.output_modalities:
        fields["responseModalities"] = [
            _modality(modality, dialect) for modality in prompt.output_modalities
        ]
    if Modality.AUDIO in prompt.output_modalities:
        fields["speechConfig"] = _speech(prompt, dialect)
    return fields


def _modality(modality: Modality, dialect: GeminiDialect) -> str:
    word = _MODALITIES.get(modality)
    if word is None:
        raise dialect.cannot_express(f"output of the kind `{modality.value}`")
    return word


def _speech(prompt: Prompt, dialect: GeminiDialect) -> JsonObject:
    audio = prompt.audio_output
    if audio is None:
        raise dialect.cannot_express("spoken output without a voice")
    if audio.media_type.lower().partition(";")[0] not in _SPOKEN:
        raise dialect.cannot_express(f"spoken output of the type `{audio.media_type}`")
    return {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": audio.voice}}}


def _add_extensions(
    body: JsonObject, generation: JsonObject, prompt: Prompt, dialect: GeminiDialect
) -> None:
    for extension in extensions_for(prompt, dialect):
        fields = camel_case_names(extension)
        more = fields.pop("generationConfig", {})
        if not isinstance(more, dict):
            raise dialect.cannot_express("`generationConfig` that is no object")
        settings = camel_case_names(cast("JsonObject", more))
        taken = (fields.keys() & CONTRACT_FIELDS) | (settings.keys() & CONTRACT_GENERATION_FIELDS)
        keep_out(taken, dialect)
        body.update(fields)
        generation.update(settings)
