"""Tools that a model may call."""

from __future__ import annotations

import dataclasses
import enum

from routersvc.domain.conversation.parts import CacheLifetime


class ToolChoiceMode(enum.Enum):
    """Whether the model may or must call tools."""

    AUTO = "auto"
    NONE = "none"
    REQUIRED = "required"
    FUNCTION = "function"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class FunctionTool:
    """A function that the caller runs; `parameters_json_schema` is JSON text or empty.

    `cache` marks the tools up to this one as a prefix to keep; a `deferred` function is shown to
    the model only after a tool search of the provider has found it.
    """

    name: str
    description: str = dataclasses.field(default="", repr=False)
    parameters_json_schema: str = dataclasses.field(default="", repr=False)
    strict: bool | None = None
    cache: CacheLifetime | None = None
    deferred: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Location:
    """An approximate location of the user; empty fields are unknown."""

    city: str = dataclasses.field(default="", repr=False)
    region: str = dataclasses.field(default="", repr=False)
    country: str = dataclasses.field(default="", repr=False)
    timezone: str = dataclasses.field(default="", repr=False)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class HostedTool:
    """A tool that the provider runs; `settings_json` is JSON text or empty."""

    name: str
    settings_json: str = dataclasses.field(default="", repr=False)
    allowed_domains: tuple[str, ...] = dataclasses.field(default=(), repr=False)
    blocked_domains: tuple[str, ...] = dataclasses.field(default=(), repr=False)
    max_uses: int | None = None
    location: Location | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ToolChoice:
    """Whether and which tool the model must call; `function_name` with mode FUNCTION only."""

    mode: ToolChoiceMode = ToolChoiceMode.AUTO
    function_name: str = ""
