"""Writes an attempt as the body of a request to Ollama's chat."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from routersvc.domain.conversation.prompts import Prompt, Sampling
from routersvc.domain.conversation.reasoning import ReasoningEffort
from routersvc.domain.conversation.response_formats import JsonObjectFormat, JsonSchemaFormat
from routersvc.domain.conversation.tools import FunctionTool, HostedTool
from routersvc.engine.ports import AttemptCall
from routersvc.providers.formats.ollama_chat.dialects import DIALECT
from routersvc.providers.formats.ollama_chat.messages import encode_messages
from routersvc.providers.reading.json_values import JsonObject, object_in
from routersvc.providers.writing.function_tools import encode_function
from routersvc.providers.writing.prompt_fields import PromptField, effort_word, refuse_fields
from routersvc.providers.writing.wire_extensions import extensions_for, keep_out

CONTRACT_FIELDS = frozenset(
    {
        "format",
        "logprobs",
        "messages",
        "model",
        "stream",
        "think",
        "tools",
        "top_logprobs",
    }
)
"""Fields that a wire extension may not carry: the contract has fields for them."""

CONTRACT_OPTIONS = frozenset(
    {
        "frequency_penalty",
        "min_p",
        "num_predict",
        "presence_penalty",
        "seed",
        "stop",
        "temperature",
        "top_k",
        "top_p",
    }
)
"""The same, inside `options`."""

_EFFORTS: Mapping[ReasoningEffort, bool | str] = MappingProxyType(
    {
        ReasoningEffort.NONE: False,
        ReasoningEffort.LOW: "low",
        ReasoningEffort.MEDIUM: "medium",
        ReasoningEffort.HIGH: "high",
        ReasoningEffort.MAXIMUM: "max",
        ReasoningEffort.ADAPTIVE: True,
    }
)
EFFORTS = frozenset(_EFFORTS)

_LACKING = (
    PromptField.TOOL_CHOICE,
    PromptField.PARALLEL_TOOL_CALLS,
    PromptField.REASONING_TOKENS,
    PromptField.MODALITIES,
    PromptField.VERBOSITY,
    PromptField.PREDICTED_OUTPUT,
    PromptField.END_USER_ID,
    PromptField.PROMPT_CACHE_KEY,
    PromptField.SERVICE_TIER,
    PromptField.LOGIT_BIAS,
    PromptField.TOOL_CACHE,
    PromptField.DEFERRED_TOOLS,
)


def encode_body(call: AttemptCall) -> JsonObject:
    """Return the body of the request for an attempt.

    Raises:
        AttemptFailedError: the prompt asks for what the format cannot express.
    """
    prompt = call.prompt
    body: JsonObject = {
        "model": call.deployment.wire_model,
        "messages": encode_messages(prompt.messages),
        "stream": call.streaming,
    }
    if prompt.tools:
        body["tools"] = [_tool(tool) for tool in prompt.tools]
    match prompt.response_format:
        case JsonObjectFormat():
            body["format"] = "json"
        case JsonSchemaFormat() as wanted:
            body["format"] = object_in(wanted.json_schema, "response_format.json_schema")
        case None:
            pass
    effort = effort_word(prompt.reasoning, DIALECT, _EFFORTS)
    if effort is not None:
        body["think"] = effort
    if prompt.logprobs is not None:
        body["logprobs"] = True
        if prompt.logprobs:
            body["top_logprobs"] = prompt.logprobs
    refuse_fields(prompt, DIALECT, _LACKING)
    options = _options(prompt.sampling)
    _add_extensions(body, options, prompt)
    if options:
        body["options"] = options
    return body


def _tool(tool: FunctionTool | HostedTool) -> JsonObject:
    if isinstance(tool, HostedTool):
        raise DIALECT.cannot_express(f"the hosted tool `{tool.name}`")
    if tool.strict:
        raise DIALECT.cannot_express("that a tool's arguments obey their schema")
    return {"type": "function", "function": encode_function(tool)}


def _options(sampling: Sampling) -> JsonObject:
    fields: JsonObject = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "frequency_penalty": sampling.frequency_penalty,
        "presence_penalty": sampling.presence_penalty,
        "seed": sampling.seed,
        "num_predict": sampling.max_output_tokens,
        "stop": list(sampling.stop_sequences) or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _add_extensions(body: JsonObject, options: JsonObject, prompt: Prompt) -> None:
    for fields in extensions_for(prompt, DIALECT):
        more = fields.pop("options", {})
        if not isinstance(more, dict):
            raise DIALECT.cannot_express("`options` that are no object")
        settings = cast("JsonObject", more)
        taken = {*(_exact(fields) & CONTRACT_FIELDS), *(_exact(settings) & CONTRACT_OPTIONS)}
        keep_out(taken, DIALECT)
        body.update(fields)
        options.update(settings)


def _exact(fields: JsonObject) -> frozenset[str]:
    """Return the names as Ollama reads them: Go's JSON ignores case."""
    return frozenset(name.lower() for name in fields)
