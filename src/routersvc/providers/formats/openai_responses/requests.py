"""Writes an attempt as the body of a Responses request."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.conversation.prompts import Prompt, Sampling
from routersvc.domain.conversation.reasoning import ReasoningVisibility
from routersvc.domain.conversation.response_formats import JsonObjectFormat, JsonSchemaFormat
from routersvc.domain.conversation.tools import FunctionTool, HostedTool
from routersvc.engine.ports import AttemptCall
from routersvc.providers.formats.openai_responses.dialects import ResponsesDialect
from routersvc.providers.formats.openai_responses.hosted_tools import encode_hosted_tool
from routersvc.providers.formats.openai_responses.input_items import encode_input
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.writing.function_tools import encode_function, encode_schema
from routersvc.providers.writing.prompt_fields import (
    PromptField,
    add_sampling,
    add_service_tier,
    add_tools,
    effort_word,
    refuse_fields,
    refuse_media_output,
)
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

The contract has fields for them, or they decide who answers, who keeps the prompt or how the answer
comes, which the router decides.
"""


INSIDE: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "reasoning": frozenset({"effort", "generate_summary", "summary"}),
        "text": frozenset({"format", "verbosity"}),
    }
)
"""Objects to which a wire extension may add fields, other than these of the contract."""


def encode_body(call: AttemptCall, dialect: ResponsesDialect) -> JsonObject:
    """Return the body of the request for an attempt.

    It always asks that nothing be stored: the router needs no stored answer, and the vendor stores
    answers by default.

    Raises:
        AttemptFailedError: the prompt asks for what the dialect cannot express.
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
    add_tools(
        body,
        prompt,
        dialect,
        tool=lambda tool: _tool(tool, dialect),
        function_choice=lambda name: {"type": "function", "name": name},
    )
    _add_sampling(body, prompt.sampling, dialect)
    _add_output(body, prompt, dialect)
    _add_reasoning(body, prompt, dialect)
    _add_account(body, prompt, dialect)
    add_extensions(body, prompt, dialect, CONTRACT_FIELDS, INSIDE)
    return body


def _included(call: AttemptCall, dialect: ResponsesDialect) -> list[str]:
    """Return what the answer must contain beyond the default.

    Models without reasoning refuse a request for encrypted thoughts.
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


def _tool(tool: FunctionTool | HostedTool, dialect: ResponsesDialect) -> JsonObject:
    if isinstance(tool, HostedTool):
        return encode_hosted_tool(tool, dialect)
    function: JsonObject = {"type": "function", **encode_function(tool)}
    if tool.deferred:
        dialect.require(Capability.HOSTED_TOOLS, PromptField.DEFERRED_TOOLS.value)
        function["defer_loading"] = True
    if tool.strict is not None or dialect.strict_required:
        function["strict"] = tool.strict
    return function


def _add_sampling(body: JsonObject, sampling: Sampling, dialect: ResponsesDialect) -> None:
    add_sampling(body, sampling, dialect)
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
    refuse_media_output(prompt, dialect)
    refuse_fields(prompt, dialect, (PromptField.PREDICTED_OUTPUT, PromptField.TOOL_CACHE))


def _add_reasoning(body: JsonObject, prompt: Prompt, dialect: ResponsesDialect) -> None:
    """Add the reasoning settings. Hidden thoughts are removed when the answer is read."""
    wanted = prompt.reasoning
    settings: JsonObject = {}
    if wanted.effort is not None:
        dialect.require(Capability.REASONING, "a reasoning effort")
        settings["effort"] = effort_word(wanted, dialect, dialect.efforts)
    refuse_fields(prompt, dialect, (PromptField.REASONING_TOKENS,))
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
    add_service_tier(body, prompt, dialect, dialect.service_tiers)
    if prompt.end_user_id:
        body[dialect.end_user_field] = prompt.end_user_id
    if prompt.prompt_cache_key:
        if not dialect.prompt_cache_key:
            raise dialect.cannot_express("a key for the prompt cache")
        body["prompt_cache_key"] = prompt.prompt_cache_key
