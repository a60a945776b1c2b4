"""Writes tools that the vendor runs. A name that is not common is the vendor's own type."""

from __future__ import annotations

from routersvc.domain.conversation.tools import HostedTool
from routersvc.providers.formats.openai_responses.dialects import ResponsesDialect
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.writing.hosted_tools import (
    HostedToolName,
    HostedToolOption,
    hosted_settings,
    refuse_options,
    user_location,
)

_SEARCH_OPTIONS = frozenset(HostedToolOption) - {HostedToolOption.MAX_USES}


def encode_hosted_tool(tool: HostedTool, dialect: ResponsesDialect) -> JsonObject:
    """Return an entry of `tools`.

    Raises:
        AttemptFailedError: the vendor has no such tool, or not with these options.
    """
    settings = hosted_settings(tool, dialect)
    match tool.name:
        case HostedToolName.WEB_SEARCH:
            refuse_options(tool, dialect, _SEARCH_OPTIONS)
            filters: JsonObject = {}
            if tool.allowed_domains:
                filters["allowed_domains"] = list(tool.allowed_domains)
            if tool.blocked_domains:
                filters[dialect.blocked_domains_field] = list(tool.blocked_domains)
            encoded: JsonObject = {"filters": filters} if filters else {}
            location = user_location(tool)
            if location:
                encoded["user_location"] = location
            return {**encoded, **settings, "type": tool.name}
        case HostedToolName.CODE_EXECUTION:
            refuse_options(tool, dialect, frozenset())
            container = dialect.code_container
            defaults: JsonObject = {"container": {"type": container}} if container else {}
            return {**defaults, **settings, "type": "code_interpreter"}
        case HostedToolName.WEB_FETCH:
            raise dialect.cannot_express(f"the hosted tool `{tool.name}`")
        case _:
            refuse_options(tool, dialect, frozenset())
            return {**settings, "type": tool.name}
