"""Writes an attempt as the body of a Converse request; the model stands in the path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import orjson

from routersvc.domain.conversation.prompts import Prompt, Sampling, ServiceTier
from routersvc.domain.conversation.reasoning import Reasoning, ReasoningEffort, ReasoningVisibility
from routersvc.domain.conversation.response_formats import JsonObjectFormat, JsonSchemaFormat
from routersvc.domain.conversation.tools import FunctionTool, HostedTool, ToolChoice, ToolChoiceMode
from routersvc.engine.ports import AttemptCall
from routersvc.providers.formats.bedrock_converse.dialects import DIALECT
from routersvc.providers.formats.bedrock_converse.families import Family, family_of
from routersvc.providers.formats.bedrock_converse.messages import cache_point, encode_messages
from routersvc.providers.reading.json_values import JsonObject, object_in
from routersvc.providers.writing.claude_thinking import thinking_fields, thinks_by_budget
from routersvc.providers.writing.function_tools import parameters_of
from routersvc.providers.writing.hosted_tools import HostedToolName, refuse_options
from routersvc.providers.writing.prompt_fields import (
    PromptField,
    refuse_fields,
    refuse_media_output,
)
from routersvc.providers.writing.wire_extensions import extensions_for, keep_out

DEFAULT_MAX_TOKENS = 4_096
"""What a budget of thinking is taken from, where nothing says how long an answer may be."""

CONTRACT_FIELDS = frozenset(
    {
        "inferenceConfig",
        "messages",
        "modelId",
        "outputConfig",
        "serviceTier",
        "system",
        "toolConfig",
    }
)
"""Fields that a wire extension may not carry.

The contract has fields for them, or the router decides them.
"""

_OWN_FIELDS = "additionalModelRequestFields"
_TIERS: Mapping[ServiceTier, str] = MappingProxyType(
    {
        ServiceTier.FLEX: "flex",
        ServiceTier.STANDARD: "default",
        ServiceTier.PRIORITY: "priority",
    }
)

_LACKING = (
    PromptField.LOGPROBS,
    PromptField.VERBOSITY,
    PromptField.PREDICTED_OUTPUT,
    PromptField.END_USER_ID,
    PromptField.PROMPT_CACHE_KEY,
    PromptField.PARALLEL_TOOL_CALLS,
    PromptField.DEFERRED_TOOLS,
)


_SYSTEM_TOOLS: Mapping[str, str] = MappingProxyType(
    {
        HostedToolName.CODE_EXECUTION: "nova_code_interpreter",
        HostedToolName.WEB_SEARCH: "nova_grounding",
    }
)
"""Amazon's names for the tools that have one at every vendor."""

_UNKNOWN_TOOLS = frozenset(
    {HostedToolName.FILE_SEARCH, HostedToolName.MCP, HostedToolName.WEB_FETCH}
)


def encode_body(call: AttemptCall) -> JsonObject:
    """Return the body of the request for an attempt.

    Raises:
        AttemptFailedError: the prompt asks for what the format cannot express for this model.
    """
    prompt = call.prompt
    model = call.deployment.wire_model
    family = family_of(model)
    system, turns = encode_messages(prompt.messages, family)
    body: JsonObject = {"messages": turns}
    if system:
        body["system"] = system
    inference = _inference(prompt.sampling)
    if inference:
        body["inferenceConfig"] = inference
    tools = _tool_config(prompt, family)
    if tools:
        body["toolConfig"] = tools
    own_fields: JsonObject = {}
    _add_top_k(own_fields, prompt.sampling, family)
    if family.is_claude:
        own_fields.update(
            thinking_fields(
                prompt.reasoning,
                by_budget=thinks_by_budget(model),
                max_tokens=prompt.sampling.max_output_tokens
                or call.deployment.model.max_output_tokens
                or DEFAULT_MAX_TOKENS,
                cannot_express=DIALECT.cannot_express,
            )
        )
    else:
        _add_effort(own_fields, prompt.reasoning, family)
    if own_fields:
        body[_OWN_FIELDS] = own_fields
    _add_output(body, prompt)
    _add_account(body, prompt)
    _add_extensions(body, prompt)
    return body


def _inference(sampling: Sampling) -> JsonObject:
    inference: JsonObject = {}
    for field, value in (
        ("maxTokens", sampling.max_output_tokens),
        ("temperature", sampling.temperature),
        ("topP", sampling.top_p),
    ):
        if value is not None:
            inference[field] = value
    if sampling.temperature is not None and sampling.temperature > 1:
        raise DIALECT.cannot_express("a temperature above 1")
    if sampling.stop_sequences:
        inference["stopSequences"] = list(sampling.stop_sequences)
    for name, is_wanted in (
        ("min_p", sampling.min_p is not None),
        ("frequency_penalty", sampling.frequency_penalty is not None),
        ("presence_penalty", sampling.presence_penalty is not None),
        ("seed", sampling.seed is not None),
        ("logit_bias", bool(sampling.logit_bias)),
    ):
        if is_wanted:
            raise DIALECT.cannot_express(f"`{name}`")
    return inference


def _tool_config(prompt: Prompt, family: Family) -> JsonObject:
    config: JsonObject = {}
    if prompt.tools:
        config["tools"] = [block for tool in prompt.tools for block in _tool(tool, family)]
    if prompt.tool_choice is not None:
        config["toolChoice"] = _tool_choice(prompt.tool_choice)
    return config


def _tool(tool: FunctionTool | HostedTool, family: Family) -> Iterator[JsonObject]:
    if isinstance(tool, HostedTool):
        if tool.settings_json and object_in(
            tool.settings_json, f"tools[{tool.name}].settings_json"
        ):
            raise DIALECT.cannot_express(f"settings of the hosted tool `{tool.name}`")
        refuse_options(tool, DIALECT, frozenset())
        yield {"systemTool": {"name": _system_tool(tool, family)}}
        return
    encoded: JsonObject = {"name": tool.name, "inputSchema": {"json": parameters_of(tool)}}
    if tool.description:
        encoded["description"] = tool.description
    if tool.strict is not None:
        encoded["strict"] = tool.strict
    yield {"toolSpec": encoded}
    if tool.cache is not None:
        yield cache_point(tool.cache)


def _system_tool(tool: HostedTool, family: Family) -> str:
    """Return Amazon's name of a tool."""
    if tool.name in _UNKNOWN_TOOLS:
        raise DIALECT.cannot_express(f"the hosted tool `{tool.name}`")
    own = _SYSTEM_TOOLS.get(tool.name)
    if own is not None and not family.system_tools:
        raise DIALECT.cannot_express(f"the hosted tool `{tool.name}` to {family.name}")
    return own or tool.name


def _tool_choice(choice: ToolChoice) -> JsonObject:
    match choice.mode:
        case ToolChoiceMode.AUTO:
            return {"auto": {}}
        case ToolChoiceMode.REQUIRED:
            return {"any": {}}
        case ToolChoiceMode.FUNCTION:
            return {"tool": {"name": choice.function_name}}
        case ToolChoiceMode.NONE:
            raise DIALECT.cannot_express("that no tool may be called")


def _add_top_k(fields: JsonObject, sampling: Sampling, family: Family) -> None:
    if sampling.top_k is not None:
        if not family.top_k:
            raise DIALECT.cannot_express(f"`top_k` to {family.name}")
        _put(fields, family.top_k, sampling.top_k)


def _add_effort(fields: JsonObject, wanted: Reasoning, family: Family) -> None:
    """Add the reasoning effort; models that show thoughts show them without being asked."""
    if wanted.max_tokens is not None:
        raise DIALECT.cannot_express(f"a limit to the tokens spent on thinking to {family.name}")
    if wanted.visibility is ReasoningVisibility.SUMMARY:
        raise DIALECT.cannot_express(f"a summary of the thoughts to {family.name}")
    if wanted.effort is ReasoningEffort.NONE and family.thinking_off:
        fields.update({name: dict(field) for name, field in family.thinking_off.items()})
    elif wanted.effort is not None:
        word = family.efforts.get(wanted.effort)
        if word is None:
            raise DIALECT.cannot_express(
                f"the reasoning effort `{wanted.effort.value}` to {family.name}"
            )
        _put(fields, family.effort_path, word)
        if family.effort_beside:
            fields[family.effort_path[0]].update(family.effort_beside)


def _put(fields: JsonObject, path: tuple[str, ...], value: object) -> None:
    *outer, last = path
    for key in outer:
        fields = fields.setdefault(key, {})
    fields[last] = value


def _add_output(body: JsonObject, prompt: Prompt) -> None:
    match prompt.response_format:
        case JsonObjectFormat():
            raise DIALECT.cannot_express("an answer in JSON without a schema")
        case JsonSchemaFormat():
            schema = object_in(prompt.response_format.json_schema, "response_format.json_schema")
            definition: JsonObject = {
                "name": prompt.response_format.name,
                "schema": orjson.dumps(schema).decode(),
            }
            if prompt.response_format.description:
                definition["description"] = prompt.response_format.description
            body["outputConfig"] = {
                "textFormat": {"type": "json_schema", "structure": {"jsonSchema": definition}}
            }
        case None:
            pass
    refuse_media_output(prompt, DIALECT)
    refuse_fields(prompt, DIALECT, _LACKING)


def _add_account(body: JsonObject, prompt: Prompt) -> None:
    if prompt.service_tier is not None:
        body["serviceTier"] = {"type": _TIERS[prompt.service_tier]}


def _add_extensions(body: JsonObject, prompt: Prompt) -> None:
    for fields in extensions_for(prompt, DIALECT):
        keep_out(fields.keys() & CONTRACT_FIELDS, DIALECT)
        own = fields.pop(_OWN_FIELDS, None)
        if own is not None:
            own_fields: JsonObject = body.setdefault(_OWN_FIELDS, {})
            keep_out(own_fields.keys() & own.keys(), DIALECT)
            own_fields.update(own)
        body.update(fields)
