"""Writes an attempt as the body of a chat completions request."""

from __future__ import annotations

from types import MappingProxyType

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.conversation.messages import Role
from routersvc.domain.conversation.parts import Modality
from routersvc.domain.conversation.prompts import Prompt, Sampling
from routersvc.domain.conversation.response_formats import JsonObjectFormat, JsonSchemaFormat
from routersvc.domain.conversation.tools import FunctionTool, HostedTool
from routersvc.engine.ports import AttemptCall
from routersvc.providers.formats.openai_chat.dialects import (
    ComplianceForm,
    OpenAiDialect,
    PrefillForm,
)
from routersvc.providers.formats.openai_chat.hosted_tools import add_hosted_tools
from routersvc.providers.formats.openai_chat.messages import encode_messages, mark_tool
from routersvc.providers.formats.openai_chat.thinking import add_reasoning
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.writing.function_tools import encode_function, encode_schema
from routersvc.providers.writing.prompt_fields import (
    PromptField,
    add_sampling,
    add_service_tier,
    add_tools,
    refuse_fields,
)
from routersvc.providers.writing.wire_extensions import add_extensions

CONTRACT_FIELDS = frozenset(
    {
        "add_generation_prompt",
        "audio",
        "continue_final_message",
        "enable_thinking",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "min_p",
        "modalities",
        "model",
        "models",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_retention",
        "provider",
        "random_seed",
        "reasoning",
        "reasoning_effort",
        "response_format",
        "route",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "thinking",
        "thinking_budget",
        "thinking_budget_tokens",
        "tool_choice",
        "tools",
        "top_k",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
    }
)
"""Fields that a wire extension may not carry.

The contract has fields for them, or they decide who answers, who keeps the prompt or how many
answers come, which the router decides.
"""

_EXTENSIBLE = MappingProxyType(
    {
        "chat_template_kwargs": frozenset[str](),
        "thinking": frozenset({"budget_tokens", "effort", "type"}),
    }
)
"""Objects in which a wire extension may set fields other than these."""


def encode_body(call: AttemptCall, dialect: OpenAiDialect) -> JsonObject:
    """Return the body of the request for an attempt.

    Raises:
        AttemptFailedError: the prompt asks for what the dialect cannot express.
    """
    prompt = call.prompt
    body: JsonObject = {
        "model": call.deployment.wire_model,
        "messages": encode_messages(prompt.messages, dialect),
    }
    if (
        prompt.messages[-1].role is Role.ASSISTANT
        and dialect.prefill_form is PrefillForm.CONTINUE_FLAG
    ):
        body["continue_final_message"] = True
        body["add_generation_prompt"] = False
    if call.streaming:
        body["stream"] = True
        if dialect.stream_options:
            body["stream_options"] = {"include_usage": True}
    refuse_fields(prompt, dialect, (PromptField.DEFERRED_TOOLS,))
    add_tools(
        body,
        prompt,
        dialect,
        tool=lambda tool: _tool(tool, dialect),
        function_choice=lambda name: {"type": "function", "function": {"name": name}},
    )
    if call.streaming and prompt.tools and dialect.tool_stream_field is not None:
        body[dialect.tool_stream_field] = True
    add_hosted_tools(body, prompt, dialect)
    _add_sampling(body, prompt.sampling, dialect)
    _add_output(body, prompt, dialect)
    add_reasoning(body, prompt, dialect)
    _add_account(body, call, dialect)
    add_extensions(body, prompt, dialect, CONTRACT_FIELDS, _EXTENSIBLE)
    return body


def _tool(tool: FunctionTool | HostedTool, dialect: OpenAiDialect) -> JsonObject | None:
    if isinstance(tool, HostedTool):
        return None
    function = encode_function(tool)
    if tool.strict is not None:
        function["strict"] = tool.strict
    encoded: JsonObject = {"type": "function", "function": function}
    return mark_tool(encoded, tool.cache, dialect, "a tool")


def _add_sampling(body: JsonObject, sampling: Sampling, dialect: OpenAiDialect) -> None:
    add_sampling(body, sampling, dialect, seed_field=dialect.seed_field)
    if sampling.max_output_tokens is not None:
        body[dialect.max_tokens_field] = sampling.max_output_tokens
    if sampling.stop_sequences:
        dialect.require(Capability.STOP_SEQUENCES, "stop sequences")
        most = dialect.max_stop_sequences
        if most is not None and len(sampling.stop_sequences) > most:
            raise dialect.cannot_express(f"more than {most} stop sequences")
        body["stop"] = list(sampling.stop_sequences)
    if sampling.logit_bias:
        dialect.require(Capability.LOGIT_BIAS, "logit bias")
        body["logit_bias"] = {
            str(token): int(bias) if float(bias).is_integer() else bias
            for token, bias in sampling.logit_bias.items()
        }


def _add_output(body: JsonObject, prompt: Prompt, dialect: OpenAiDialect) -> None:
    match prompt.response_format:
        case JsonObjectFormat():
            dialect.require(Capability.JSON_OBJECT, "an answer in JSON")
            body["response_format"] = {"type": "json_object"}
        case JsonSchemaFormat():
            dialect.require(Capability.JSON_SCHEMA, "an answer that obeys a schema")
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": encode_schema(prompt.response_format),
            }
        case None:
            pass
    _add_modalities(body, prompt, dialect)
    if prompt.logprobs is not None:
        dialect.require(Capability.LOGPROBS, "log probabilities")
        body["logprobs"] = True
        if prompt.logprobs:
            body["top_logprobs"] = prompt.logprobs
    if prompt.verbosity is not None:
        dialect.require(Capability.VERBOSITY, "verbosity")
        body["verbosity"] = prompt.verbosity.value
    if prompt.predicted_output:
        dialect.require(Capability.PREDICTED_OUTPUT, "a predicted output")
        body["prediction"] = {"type": "content", "content": prompt.predicted_output}


def _add_modalities(body: JsonObject, prompt: Prompt, dialect: OpenAiDialect) -> None:
    modalities = prompt.output_modalities
    if not modalities or modalities == (Modality.TEXT,):
        return
    if Modality.AUDIO in modalities:
        dialect.require(Capability.AUDIO_OUTPUT, "spoken output")
        audio = prompt.audio_output
        if audio is None:
            raise dialect.cannot_express("spoken output without a voice")
        body["audio"] = {"voice": audio.voice, "format": _spoken_format(audio.media_type)}
    if Modality.IMAGE in modalities:
        dialect.require(Capability.IMAGE_OUTPUT, "pictures in the answer")
    for modality in modalities:
        if modality not in {Modality.TEXT, Modality.AUDIO, Modality.IMAGE}:
            raise dialect.cannot_express(f"output of the kind `{modality.value}`")
    body["modalities"] = [modality.value for modality in modalities]


def _spoken_format(media_type: str) -> str:
    """Return the vendor's name of an audio format: `audio/mpeg` is `mp3`, `audio/wav` is `wav`."""
    subtype = media_type.lower().partition("/")[2].removeprefix("x-")
    return {"mpeg": "mp3", "wave": "wav", "pcm": "pcm16", "l16": "pcm16"}.get(subtype, subtype)


def _add_account(body: JsonObject, call: AttemptCall, dialect: OpenAiDialect) -> None:
    prompt = call.prompt
    add_service_tier(body, prompt, dialect, dialect.service_tiers)
    if prompt.end_user_id:
        if dialect.end_user_field is None:
            raise dialect.cannot_express("an end user's id")
        body[dialect.end_user_field] = prompt.end_user_id
    if prompt.prompt_cache_key:
        if not dialect.prompt_cache_key:
            raise dialect.cannot_express("a key for the prompt cache")
        body["prompt_cache_key"] = prompt.prompt_cache_key
    match dialect.compliance_form:
        case ComplianceForm.STORE_FALSE:
            if call.zero_data_retention or call.no_training:
                body["store"] = False
        case ComplianceForm.PROVIDER_PREFERENCES:
            preferences: JsonObject = {}
            if call.zero_data_retention:
                preferences["zdr"] = True
            if call.no_training:
                preferences["data_collection"] = "deny"
            if preferences:
                body["provider"] = preferences
        case ComplianceForm.NONE:
            pass
