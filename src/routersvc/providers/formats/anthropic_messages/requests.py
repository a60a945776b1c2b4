"""Writes an attempt as the body of a Messages request."""

from __future__ import annotations

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.conversation.prompts import Prompt, Sampling
from routersvc.domain.conversation.response_formats import JsonObjectFormat, JsonSchemaFormat
from routersvc.engine.ports import AttemptCall
from routersvc.providers.formats.anthropic_messages.dialects import AnthropicDialect
from routersvc.providers.formats.anthropic_messages.messages import encode_messages
from routersvc.providers.formats.anthropic_messages.tools import add_tools
from routersvc.providers.reading.json_values import JsonObject, object_in
from routersvc.providers.writing.claude_thinking import (
    takes_system_turns,
    thinking_fields,
    thinks_by_budget,
)
from routersvc.providers.writing.prompt_fields import (
    PromptField,
    add_sampling,
    add_service_tier,
    refuse_fields,
    refuse_media_output,
)
from routersvc.providers.writing.wire_extensions import add_extensions

DEFAULT_MAX_TOKENS = 4_096
"""What every Claude model takes, for models whose longest answer the catalogue does not say."""

_CHARACTERS_PER_TOKEN = 2
"""Fewer than in any prose."""

CONTRACT_FIELDS = frozenset(
    {
        "anthropic_version",
        "max_tokens",
        "messages",
        "metadata",
        "model",
        "output_config",
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
"""Fields that a wire extension may not carry.

The contract has fields for them, or the router decides them.
"""

_LACKING = (
    PromptField.LOGPROBS,
    PromptField.VERBOSITY,
    PromptField.PREDICTED_OUTPUT,
    PromptField.PROMPT_CACHE_KEY,
    PromptField.LOGIT_BIAS,
)


def encode_body(call: AttemptCall, dialect: AnthropicDialect) -> JsonObject:
    """Return the body of the request for an attempt.

    Raises:
        AttemptFailedError: the prompt asks for what the dialect cannot express.
    """
    prompt = call.prompt
    model = call.deployment.wire_model
    system, turns = encode_messages(
        prompt.messages,
        dialect,
        system_turns=dialect.system_turns and takes_system_turns(model),
    )
    max_tokens = prompt.sampling.max_output_tokens or _longest_answer(call)
    body: JsonObject = {"max_tokens": max_tokens, "messages": turns}
    if dialect.version_in_body:
        body["anthropic_version"] = dialect.version
    if "{model}" not in dialect.path:
        body["model"] = model
    if call.streaming:
        body["stream"] = True
    if system:
        body["system"] = system
    add_tools(body, prompt, dialect)
    _add_sampling(body, prompt.sampling, dialect)
    body.update(
        thinking_fields(
            prompt.reasoning,
            by_budget=dialect.budgets_only or thinks_by_budget(model),
            max_tokens=max_tokens,
            cannot_express=dialect.cannot_express,
        )
    )
    _add_output(body, prompt, dialect)
    _add_account(body, prompt, dialect)
    add_extensions(body, prompt, dialect, CONTRACT_FIELDS)
    return body


def _longest_answer(call: AttemptCall) -> int:
    """Return a limit for an answer whose caller set none: the format requires one.

    The vendor refuses a limit that does not fit beside the prompt, whose tokens are overestimated.
    """
    model = call.deployment.model
    longest = model.max_output_tokens or DEFAULT_MAX_TOKENS
    characters = sum(
        len(part.text)
        for message in call.prompt.messages
        for part in message.parts
        if isinstance(part, TextPart)
    )
    room = model.context_window - characters // _CHARACTERS_PER_TOKEN
    return max(min(longest, room), min(longest, DEFAULT_MAX_TOKENS))


def _add_sampling(body: JsonObject, sampling: Sampling, dialect: AnthropicDialect) -> None:
    add_sampling(body, sampling, dialect)
    if sampling.temperature is not None and sampling.temperature > 1:
        raise dialect.cannot_express("a temperature above 1")
    if sampling.stop_sequences:
        dialect.require(Capability.STOP_SEQUENCES, "stop sequences")
        body["stop_sequences"] = list(sampling.stop_sequences)


def _add_output(body: JsonObject, prompt: Prompt, dialect: AnthropicDialect) -> None:
    match prompt.response_format:
        case JsonObjectFormat():
            raise dialect.cannot_express("an answer in JSON without a schema")
        case JsonSchemaFormat():
            dialect.require(Capability.JSON_SCHEMA, "an answer that obeys a schema")
            body.setdefault("output_config", {})["format"] = {
                "type": "json_schema",
                "schema": _schema(prompt.response_format),
            }
        case None:
            pass
    refuse_media_output(prompt, dialect)
    refuse_fields(prompt, dialect, _LACKING)


def _schema(wanted: JsonSchemaFormat) -> JsonObject:
    """Return the schema; it has no name here, and what it is for stands in it."""
    schema = object_in(wanted.json_schema, "response_format.json_schema")
    if wanted.description:
        return {"description": wanted.description, **schema}
    return schema


def _add_account(body: JsonObject, prompt: Prompt, dialect: AnthropicDialect) -> None:
    add_service_tier(body, prompt, dialect, dialect.service_tiers)
    if prompt.end_user_id:
        if not dialect.end_user:
            raise dialect.cannot_express("an end user's id")
        body["metadata"] = {"user_id": prompt.end_user_id}
