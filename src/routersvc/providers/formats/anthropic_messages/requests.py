"""Writes an attempt as the body of a Messages request."""

from __future__ import annotations

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.conversation.parts import Modality
from routersvc.domain.conversation.prompts import Prompt, Sampling
from routersvc.domain.conversation.response_formats import JsonObjectFormat, JsonSchemaFormat
from routersvc.engine.ports import AttemptCall
from routersvc.providers.formats.anthropic_messages.dialects import AnthropicDialect
from routersvc.providers.formats.anthropic_messages.messages import encode_messages
from routersvc.providers.formats.anthropic_messages.tools import add_tools
from routersvc.providers.reading.json_values import JsonObject, object_in
from routersvc.providers.writing.claude_thinking import thinking_fields, thinks_by_budget
from routersvc.providers.writing.wire_extensions import add_extensions

DEFAULT_MAX_TOKENS = 4_096
"""What every Claude model takes, for models whose longest answer the catalogue does not say."""

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

The contract has its own words for them, or they are the router's to decide.
"""


def encode_body(call: AttemptCall, dialect: AnthropicDialect) -> JsonObject:
    """Return the body of the request for an attempt.

    Raises:
        AttemptFailedError: the prompt asks for what this dialect cannot say.
    """
    prompt = call.prompt
    system, turns = encode_messages(prompt.messages, dialect)
    max_tokens = (
        prompt.sampling.max_output_tokens
        or call.deployment.model.max_output_tokens
        or DEFAULT_MAX_TOKENS
    )
    body: JsonObject = {"max_tokens": max_tokens, "messages": turns}
    if dialect.version_in_body:
        body["anthropic_version"] = dialect.version
    if "{model}" not in dialect.path:
        body["model"] = call.deployment.wire_model
    if call.streaming:
        body["stream"] = True
    if system:
        body["system"] = system
    add_tools(body, prompt, dialect)
    _add_sampling(body, prompt.sampling, dialect)
    body.update(
        thinking_fields(
            prompt.reasoning,
            by_budget=dialect.budgets_only or thinks_by_budget(call.deployment.wire_model),
            max_tokens=max_tokens,
            cannot_express=dialect.cannot_express,
        )
    )
    _add_output(body, prompt, dialect)
    _add_account(body, prompt, dialect)
    add_extensions(body, prompt, dialect, CONTRACT_FIELDS)
    return body


def _add_sampling(body: JsonObject, sampling: Sampling, dialect: AnthropicDialect) -> None:
    for field, value, capability in (
        ("temperature", sampling.temperature, Capability.SAMPLING),
        ("top_p", sampling.top_p, Capability.SAMPLING),
        ("top_k", sampling.top_k, Capability.TOP_K),
        ("min_p", sampling.min_p, Capability.MIN_P),
        ("frequency_penalty", sampling.frequency_penalty, Capability.PENALTIES),
        ("presence_penalty", sampling.presence_penalty, Capability.PENALTIES),
        ("seed", sampling.seed, Capability.SEED),
    ):
        if value is not None:
            dialect.require(capability, f"`{field}`")
            body[field] = value
    if sampling.temperature is not None and sampling.temperature > 1:
        raise dialect.cannot_express("a temperature above 1")
    if sampling.stop_sequences:
        dialect.require(Capability.STOP_SEQUENCES, "stop sequences")
        body["stop_sequences"] = list(sampling.stop_sequences)
    if sampling.logit_bias:
        raise dialect.cannot_express("logit bias")


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
    for modality in prompt.output_modalities:
        if modality is not Modality.TEXT:
            raise dialect.cannot_express(f"output of the kind `{modality.value}`")
    if prompt.logprobs is not None:
        raise dialect.cannot_express("log probabilities")
    if prompt.verbosity is not None:
        raise dialect.cannot_express("verbosity")
    if prompt.predicted_output:
        raise dialect.cannot_express("a predicted output")


def _schema(wanted: JsonSchemaFormat) -> JsonObject:
    """Return the schema; it has no name here, and what it is for stands in it."""
    schema = object_in(wanted.json_schema, "response_format.json_schema")
    if wanted.description:
        return {"description": wanted.description, **schema}
    return schema


def _add_account(body: JsonObject, prompt: Prompt, dialect: AnthropicDialect) -> None:
    if prompt.service_tier is not None:
        tier = dialect.service_tiers.get(prompt.service_tier)
        if tier is None:
            raise dialect.cannot_express(f"the service tier `{prompt.service_tier.value}`")
        body["service_tier"] = tier
    if prompt.end_user_id:
        if not dialect.end_user:
            raise dialect.cannot_express("an end user's id")
        body["metadata"] = {"user_id": prompt.end_user_id}
    if prompt.prompt_cache_key:
        raise dialect.cannot_express("a key for the prompt cache")
