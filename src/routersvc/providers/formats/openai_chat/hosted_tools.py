"""Writes the tools that vendors of this format run: most have a web search at best.

OpenAI has `web_search_options` beside `tools`; OpenRouter has entries of `tools` with types of its
own, which the model calls as it calls functions.
"""

from __future__ import annotations

from typing import assert_never

from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.tools import HostedTool
from routersvc.providers.formats.openai_chat.dialects import OpenAiDialect, WebSearchForm
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.writing.hosted_tools import (
    HostedToolName,
    HostedToolOption,
    hosted_settings,
    refuse_options,
    user_location,
)

_DOMAINS = frozenset({HostedToolOption.ALLOWED_DOMAINS, HostedToolOption.BLOCKED_DOMAINS})


_SERVER_TOOLS = frozenset({HostedToolName.WEB_SEARCH, HostedToolName.WEB_FETCH})
_SERVER_TOOL_PREFIX = "openrouter:"


def add_hosted_tools(body: JsonObject, prompt: Prompt, dialect: OpenAiDialect) -> None:
    """Add the fields of the hosted tools to a body that has the functions.

    Raises:
        AttemptFailedError: the vendor has no such tool, or not with these options.
    """
    for tool in prompt.tools:
        if isinstance(tool, HostedTool):
            _add(body, tool, dialect)


def _add(body: JsonObject, tool: HostedTool, dialect: OpenAiDialect) -> None:
    form = dialect.web_search_form
    is_known = tool.name == HostedToolName.WEB_SEARCH or (
        form is WebSearchForm.SERVER_TOOL
        and (tool.name in _SERVER_TOOLS or tool.name.startswith(_SERVER_TOOL_PREFIX))
    )
    if not is_known or form is WebSearchForm.NONE:
        raise dialect.cannot_express(f"the hosted tool `{tool.name}`")
    settings = hosted_settings(tool, dialect)
    match form:
        case WebSearchForm.OPTIONS:
            refuse_options(tool, dialect, frozenset({HostedToolOption.LOCATION}))
            location = user_location(tool)
            options: JsonObject = {}
            if location:
                kind = location.pop("type")
                options["user_location"] = {"type": kind, "approximate": location}
            body["web_search_options"] = {**options, **settings}
        case WebSearchForm.SERVER_TOOL:
            body.setdefault("tools", []).append(_server_tool(tool, settings, dialect))
        case _:
            assert_never(form)


def _server_tool(tool: HostedTool, settings: JsonObject, dialect: OpenAiDialect) -> JsonObject:
    name = tool.name.removeprefix(_SERVER_TOOL_PREFIX)
    is_search = name == HostedToolName.WEB_SEARCH
    refuse_options(
        tool,
        dialect,
        frozenset(HostedToolOption)
        if is_search
        else (_DOMAINS | {HostedToolOption.MAX_USES})
        if name == HostedToolName.WEB_FETCH
        else frozenset(),
    )
    parameters: JsonObject = {}
    if tool.allowed_domains:
        parameters["allowed_domains"] = list(tool.allowed_domains)
    if tool.blocked_domains:
        parameters["excluded_domains" if is_search else "blocked_domains"] = list(
            tool.blocked_domains
        )
    if tool.max_uses is not None:
        parameters["max_uses"] = tool.max_uses
    location = user_location(tool)
    if location:
        parameters["user_location"] = location
    parameters |= settings
    encoded: JsonObject = {"type": _SERVER_TOOL_PREFIX + name}
    return {**encoded, "parameters": parameters} if parameters else encoded
