"""Writes Google's own tools. Their fields are named as they are; most have no settings."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.conversation.tools import HostedTool
from routersvc.providers.formats.gemini.dialects import GeminiDialect
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.writing.hosted_tools import (
    HostedToolName,
    HostedToolOption,
    hosted_settings,
    refuse_options,
)

_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        HostedToolName.WEB_SEARCH: "googleSearch",
        HostedToolName.WEB_FETCH: "urlContext",
        HostedToolName.CODE_EXECUTION: "codeExecution",
        HostedToolName.FILE_SEARCH: "fileSearch",
        "google_maps": "googleMaps",
        "google_search": "googleSearch",
        "url_context": "urlContext",
    }
)


def encode_hosted_tool(tool: HostedTool, dialect: GeminiDialect) -> JsonObject:
    """Return an entry of `tools`.

    Raises:
        AttemptFailedError: Google has no such tool, or not with these options.
    """
    settings = hosted_settings(tool, dialect)
    field = _FIELDS.get(tool.name)
    if field is None:
        raise dialect.cannot_express(f"the hosted tool `{tool.name}`")
    can_exclude = field == "googleSearch" and dialect.search_excludes_domains
    refuse_options(
        tool,
        dialect,
        frozenset({HostedToolOption.BLOCKED_DOMAINS}) if can_exclude else frozenset(),
    )
    encoded: JsonObject = {}
    if tool.blocked_domains:
        encoded["excludeDomains"] = list(tool.blocked_domains)
    return {field: {**encoded, **settings}}
