"""Writes an attempt as the body of a Responses request."""

from __future__ import annotations

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.conversation.parts import Modality
from routersvc.domain.conversation.prompts import Prompt, Sampling
from routersvc.domain.conversation.reasoning import ReasoningVisibility
from routersvc.domain.conversation.response_formats import JsonObjectFormat, JsonSchemaFormat
from routersvc.domain.conversation.tools import FunctionTool, HostedTool, ToolChoice, ToolChoiceMode
from routersvc.engine.ports import AttemptCall
from routersvc.providers.formats.openai_responses.dialects import ResponsesDialect
from routersvc.providers.formats.openai_responses.input_items import encode_input
from routersvc.providers.reading.json_values import JsonObject, object_in
from routersvc.providers.writing.function_tools import encode_function, encode_schema
from routersvc.providers.writing.wire_extensions import add_extensions

CONTRACT_FIELDS = frozenset(
    {
        "background",
        "conversation",
        "include",
        "input",
        "instructions",
        "max_output_tokens",
        "model",
        "parallel_tool_calls",
        "previous_response_id",
        "prompt",
        "prompt_cache_key",
        "prompt_cache_retention",
        "reasoning",
        "safety_identifier",
        "service_tier",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "text",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "user",
    }
)
"""Fields that a wire extension may not carry.

The contract has its own words for them, or they decide who answers, who keeps the prompt or how
the answer comes, which is the router's to decide.
"""


def encode_body(call: AttemptCall, dialect: ResponsesDialect) -> JsonObject:
    """Return the body of the request for an attempt.

    It always asks that nothing be stored: the router needs no stored answer, and the vendor's
    default is to keep it.

    Raises:
        AttemptFailedError: the prompt asks for what this dialect cannot say.
    """
    prompt = call.prompt
    body: JsonObject = {
        "model": call.deployment.wire_model,
        "input": encode_input(prompt.messages, dialect),
        "store": False,
    }
    if call.streaming:
        body["stream"] = True
    include = _included(call, dialect)
    if include:
        body["include"] = include
    _add_tools(body, prompt, dialect)
    _add_sampling(body, prompt.sampling, dialect)
    _add_output(body, prompt, dialect)
    _add_reasoning(body, prompt, dialect)
    _add_account(body, prompt, dialect)
    add_extensions(body, prompt, dialect, CONTRACT_FIELDS)
    return body


def _included(call: AttemptCall, dialect: ResponsesDialect) -> list[str]:
    """Return what the answer must hold beyond the ordinary.

    A model that does not think refuses to be asked for encrypted thoughts.
    """
    prompt = call.prompt
    include: list[str] = []
    if (
        dialect.encrypted_thoughts
        and Capability.REASONING in call.deployment.model.capabilities
        and prompt.reasoning.visibility is not ReasoningVisibility.HIDDEN
    ):
        include.append("reasoning.encrypted_content")
    if prompt.logprobs is not None:
        dialect.require(Capability.LOGPROBS, "log probabilities")
        include.append("message.output_text.logprobs")
    return include


def _add_tools(body: JsonObject, prompt: Prompt, dialect: ResponsesDialect) -> None:
    if prompt.tools:
        dialect.require(Capability.TOOLS, "tools")
        body["tools"] = [_tool(tool, dialect) for tool in prompt.tools]
    if prompt.tool_choice is not None:
        if prompt.tool_choice.mode is not ToolChoiceMode.AUTO:
            dialect.require(Capability.TOOL_CHOICE, "a choice of tools")
        body["tool_choice"] = _tool_choice(prompt.tool_choice)
    if prompt.parallel_tool_calls is not None:
        dialect.require(Capability.PARALLEL_TOOL_CALLS, "whether tools are called in parallel")
        body["parallel_tool_calls"] = prompt.parallel_tool_calls


def _tool(tool: FunctionTool | HostedTool, dialect: ResponsesDialect) -> JsonObject:
    if isinstance(tool, HostedTool):
        dialect.require(Capability.HOSTED_TOOLS, f"the hosted tool `{tool.name}`")
        field = f"tools[{tool.name}].settings_json"
        settings = object_in(tool.settings_json, field) if tool.settings_json else {}
        return {**settings, "type": tool.name}
    function: JsonObject = {"type": "function", **encode_function(tool)}
    if tool.strict is not None or dialect.strict_required:
        function["strict"] = tool.strict
    return function


def _tool_choice(choice: ToolChoice) -> str | JsonObject:
    if choice.mode is ToolChoiceMode.FUNCTION:
        return {"type": "function", "name": choice.function_name}
    mode: str = choice.mode.value
    return mode


def _add_sampling(body: JsonObject, sampling: Sampling, dialect: ResponsesDialect) -> None:
    for capability, field, value in (
        (Capability.SAMPLING, "temperature", sampling.temperature),
        (Capability.SAMPLING, "top_p", sampling.top_p),
    ):
        if value is not None:
            dialect.require(capability, f"`{field}`")
            body[field] = value
    for field, unsaid in (
        ("top_k", sampling.top_k),
        ("min_p", sampling.min_p),
        ("frequency_penalty", sampling.frequency_penalty),
        ("presence_penalty", sampling.presence_penalty),
        ("seed", sampling.seed),
    ):
        if unsaid is not None:
            raise dialect.cannot_express(f"`{field}`")
    if sampling.stop_sequences:
        raise dialect.cannot_express("stop sequences")
    if sampling.logit_bias:
        raise dialect.cannot_express("logit bias")
    if sampling.max_output_tokens is not None:
        least = dialect.min_output_tokens
        if sampling.max_output_tokens < least:
            raise dialect.cannot_express(f"a limit of less than {least} output tokens")
        body["max_output_tokens"] = sampling.max_output_tokens


def _add_output(body: JsonObject, prompt: Prompt, dialect: ResponsesDialect) -> None:
    text: JsonObject = {}
    match prompt.response_format:
        case JsonObjectFormat():
            dialect.require(Capability.JSON_OBJECT, "an answer in JSON")
            text["format"] = {"type": "json_object"}
        case JsonSchemaFormat():
            dialect.require(Capability.JSON_SCHEMA, "an answer that obeys a schema")
            text["format"] = {"type": "json_schema", **encode_schema(prompt.response_format)}
        case None:
            pass
    if prompt.verbosity is not None:
        dialect.require(Capability.VERBOSITY, "verbosity")
        text["verbosity"] = prompt.verbosity.value
    if text:
        body["text"] = text
    if prompt.logprobs:
        body["top_logprobs"] = prompt.logprobs
    for modality in prompt.output_modalities:
        if modality is not Modality.TEXT:
            raise dialect.cannot_express(f"output of the kind `{modality.value}`")
    if prompt.predicted_output:
        raise dialect.cannot_express("a predicted output")


def _add_reasoning(body: JsonObject, prompt: Prompt, dialect: ResponsesDialect) -> None:
    """Say how much to think and what to show. Hidden thoughts are left out when they are read."""
    wanted = prompt.reasoning
    settings: JsonObject = {}
    if wanted.effort is not None:
        dialect.require(Capability.REASONING, "a reasoning effort")
        effort = dialect.efforts.get(wanted.effort)
        if effort is None:
            raise dialect.cannot_express(f"the reasoning effort `{wanted.effort.value}`")
        settings["effort"] = effort
    if wanted.max_tokens is not None:
        raise dialect.cannot_express("a limit to the tokens spent on thinking")
    match wanted.visibility:
        case ReasoningVisibility.SUMMARY:
            if not dialect.summaries:
                raise dialect.cannot_express("a summary of the thoughts")
            settings["summary"] = "auto"
        case ReasoningVisibility.FULL if dialect.summaries:
            settings["summary"] = "detailed"
        case ReasoningVisibility.FULL | ReasoningVisibility.HIDDEN | None:
            pass
    if settings:
        body["reasoning"] = settings


def _add_account(body: JsonObject, prompt: Prompt, dialect: ResponsesDialect) -> None:
    if prompt.service_tier is not None:
        tier = dialect.service_tiers.get(prompt.service_tier)
        if tier is None:
            raise dialect.cannot_express(f"the service tier `{prompt.service_tier.value}`")
        body["service_tier"] = tier
    if prompt.end_user_id:
        body[dialect.end_user_field] = prompt.end_user_id
    if prompt.prompt_cache_key:
        if not dialect.prompt_cache_key:
            raise dialect.cannot_express("a key for the prompt cache")
        body["prompt_cache_key"] = prompt.prompt_cache_key
