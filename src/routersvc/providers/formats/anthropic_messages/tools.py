"""Writes tools and tool choice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.tools import FunctionTool, HostedTool, ToolChoice, ToolChoiceMode
from routersvc.providers.formats.anthropic_messages.dialects import AnthropicDialect
from routersvc.providers.formats.anthropic_messages.messages import marked
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.writing.function_tools import parameters_of
from routersvc.providers.writing.hosted_tools import (
    HostedToolName,
    HostedToolOption,
    hosted_settings,
    refuse_options,
    user_location,
)

_VERSIONED = re.compile(r"(?P<name>[a-z0-9_]+?)_\d{8}")
_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "code_execution": "code_execution_20250825",
        "web_fetch": "web_fetch_20250910",
        "web_search": "web_search_20250305",
    }
)
"""The versions that the broadest range of models takes, for tools that are named without one."""

_OPTIONS: Mapping[str, frozenset[HostedToolOption]] = MappingProxyType(
    {
        HostedToolName.WEB_SEARCH: frozenset(HostedToolOption),
        HostedToolName.WEB_FETCH: frozenset(HostedToolOption) - {HostedToolOption.LOCATION},
    }
)

_NAMES: Mapping[str, str] = MappingProxyType({"text_editor": "str_replace_based_edit_tool"})
"""Where a tool is not called as its type begins."""

_MODES: Mapping[ToolChoiceMode, str] = MappingProxyType(
    {
        ToolChoiceMode.AUTO: "auto",
        ToolChoiceMode.NONE: "none",
        ToolChoiceMode.REQUIRED: "any",
        ToolChoiceMode.FUNCTION: "tool",
    }
)


def add_tools(body: JsonObject, prompt: Prompt, dialect: AnthropicDialect) -> None:
    """Add `tools` and `tool_choice` to a body.

    Raises:
        AttemptFailedError: the dialect cannot express one of them.
    """
    if prompt.tools:
        dialect.require(Capability.TOOLS, "tools")
        body["tools"] = [_tool(tool, dialect) for tool in prompt.tools]
    choice, parallel = prompt.tool_choice, prompt.parallel_tool_calls
    if choice is not None and choice.mode is not ToolChoiceMode.AUTO:
        dialect.require(Capability.TOOL_CHOICE, "a choice of tools")
    if parallel is not None:
        dialect.require(Capability.PARALLEL_TOOL_CALLS, "whether tools are called in parallel")
    if choice is None and parallel is None:
        return
    if Capability.TOOL_CHOICE not in dialect.capabilities:
        # `auto` is what remains, and the default.
        return
    body["tool_choice"] = _choice(choice or ToolChoice(), parallel=parallel)


def _choice(choice: ToolChoice, *, parallel: bool | None) -> JsonObject:
    encoded: JsonObject = {"type": _MODES[choice.mode]}
    if choice.mode is ToolChoiceMode.FUNCTION:
        encoded["name"] = choice.function_name
    # Parallel calls do not apply where no tool may be called.
    if parallel is not None and choice.mode is not ToolChoiceMode.NONE:
        encoded["disable_parallel_tool_use"] = not parallel
    return encoded


def _tool(tool: FunctionTool | HostedTool, dialect: AnthropicDialect) -> JsonObject:
    if isinstance(tool, HostedTool):
        return _hosted_tool(tool, dialect)
    encoded: JsonObject = {"name": tool.name}
    if tool.description:
        encoded["description"] = tool.description
    encoded["input_schema"] = parameters_of(tool)
    if tool.strict is not None:
        encoded["strict"] = tool.strict
    if tool.deferred:
        dialect.require(Capability.HOSTED_TOOLS, "a tool that is searched for")
        encoded["defer_loading"] = True
    return marked(encoded, tool.cache, dialect)


def _hosted_tool(tool: HostedTool, dialect: AnthropicDialect) -> JsonObject:
    """Write a tool of the vendor's; its type is its name with a version, or in its settings."""
    settings = hosted_settings(tool, dialect)
    versioned = _VERSIONED.fullmatch(tool.name)
    kind = settings.get("type") or (tool.name if versioned else _TYPES.get(tool.name))
    if kind is None:
        raise dialect.cannot_express(f"the hosted tool `{tool.name}`")
    plain = versioned["name"] if versioned else tool.name
    refuse_options(tool, dialect, _OPTIONS.get(plain, frozenset()))
    encoded: JsonObject = {"name": _NAMES.get(plain, plain)}
    if tool.allowed_domains:
        encoded["allowed_domains"] = list(tool.allowed_domains)
    if tool.blocked_domains:
        encoded["blocked_domains"] = list(tool.blocked_domains)
    if tool.max_uses is not None:
        encoded["max_uses"] = tool.max_uses
    location = user_location(tool)
    if location:
        encoded["user_location"] = location
    return {**encoded, **settings, "type": kind}
