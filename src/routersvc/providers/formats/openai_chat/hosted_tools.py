"""Writes the one tool that vendors of this format run: a web search.

It is no entry of `tools`: OpenAI has `web_search_options`, OpenRouter has plugins.
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


def add_hosted_tools(body: JsonObject, prompt: Prompt, dialect: OpenAiDialect) -> None:
    """Add the fields of the hosted tools to a body.

    Raises:
        AttemptFailedError: the vendor has no such tool, or not with these options.
    """
    for tool in prompt.tools:
        if isinstance(tool, HostedTool):
            _add(body, tool, dialect)


def _add(body: JsonObject, tool: HostedTool, dialect: OpenAiDialect) -> None:
    form = dialect.web_search_form
    if tool.name != HostedToolName.WEB_SEARCH or form is WebSearchForm.NONE:
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
        case WebSearchForm.PLUGIN:
            refuse_options(tool, dialect, _DOMAINS)
            plugin: JsonObject = {}
            if tool.allowed_domains:
                plugin["include_domains"] = list(tool.allowed_domains)
            if tool.blocked_domains:
                plugin["exclude_domains"] = list(tool.blocked_domains)
            body["plugins"] = [{**plugin, **settings, "id": "web"}]
        case _:
            assert_never(form)
