"""What formats share when they write tools that the vendor runs."""

from __future__ import annotations

import enum

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.conversation.tools import HostedTool
from routersvc.providers.dialects import Dialect
from routersvc.providers.reading.json_values import JsonObject, object_in


class HostedToolName:
    """The names that mean the same at every vendor."""

    WEB_SEARCH = "web_search"
    WEB_FETCH = "web_fetch"
    CODE_EXECUTION = "code_execution"
    FILE_SEARCH = "file_search"
    MCP = "mcp"


class HostedToolOption(enum.Enum):
    """An option of a hosted tool."""

    ALLOWED_DOMAINS = "allowed domains"
    BLOCKED_DOMAINS = "blocked domains"
    MAX_USES = "a limit of uses"
    LOCATION = "a location"


def hosted_settings(tool: HostedTool, dialect: Dialect) -> JsonObject:
    """Return the settings that a caller gave in the vendor's own words.

    Raises:
        AttemptFailedError: the vendor runs no tools, or the settings are no object.
    """
    dialect.require(Capability.HOSTED_TOOLS, f"the hosted tool `{tool.name}`")
    if not tool.settings_json:
        return {}
    return object_in(tool.settings_json, f"tools[{tool.name}].settings_json")


def refuse_options(
    tool: HostedTool, dialect: Dialect, supported: frozenset[HostedToolOption]
) -> None:
    """Refuse options that the tool does not have at this vendor.

    Raises:
        AttemptFailedError: the tool has one of them.
    """
    given = {
        HostedToolOption.ALLOWED_DOMAINS: bool(tool.allowed_domains),
        HostedToolOption.BLOCKED_DOMAINS: bool(tool.blocked_domains),
        HostedToolOption.MAX_USES: tool.max_uses is not None,
        HostedToolOption.LOCATION: tool.location is not None,
    }
    for option, is_given in given.items():
        if is_given and option not in supported:
            raise dialect.cannot_express(f"{option.value} of the hosted tool `{tool.name}`")


def user_location(tool: HostedTool) -> JsonObject:
    """Return the location as OpenAI and Anthropic write it; empty where there is none."""
    location = tool.location
    if location is None:
        return {}
    fields = {
        "city": location.city,
        "region": location.region,
        "country": location.country,
        "timezone": location.timezone,
    }
    return {"type": "approximate", **{name: value for name, value in fields.items() if value}}
