"""Converts the tools of a prompt, checked by the rules of `prompt.proto`."""

from __future__ import annotations

from llmrouter.v1 import prompt_pb2
from routersvc.domain.conversation.steps import Steps
from routersvc.domain.conversation.tools import FunctionTool, HostedTool, Location
from routersvc.grpc_api.inbound.parts import cache_lifetime_of
from routersvc.grpc_api.inbound.violations import Violations

_ENTRIES_IN_STEP = 64


def tools_of(
    prompt: prompt_pb2.Prompt, violations: Violations
) -> Steps[tuple[FunctionTool | HostedTool, ...]]:
    """Return the tools in steps: functions with unique names, and tools that the provider runs."""
    tools: list[FunctionTool | HostedTool] = []
    names: set[str] = set()
    if not violations.at_most("prompt.tools", len(prompt.tools), violations.limits.tools):
        return ()
    for place, tool in enumerate(prompt.tools):
        if place % _ENTRIES_IN_STEP == _ENTRIES_IN_STEP - 1:
            yield
        path = f"prompt.tools[{place}]"
        match tool.WhichOneof("kind"):
            case None:
                violations.add(path, "must hold a function or a hosted tool")
            case "function":
                tools.append(_function(tool.function, f"{path}.function", names, violations))
            case "hosted":
                tools.append(_hosted(tool.hosted, f"{path}.hosted", violations))
    return tuple(tools)


def _function(
    function: prompt_pb2.FunctionTool, path: str, names: set[str], violations: Violations
) -> FunctionTool:
    violations.name(f"{path}.name", function.name)
    if function.name in names:
        violations.add(f"{path}.name", "must be unique among the tools")
    names.add(function.name)
    if function.parameters_json_schema:
        violations.json_object(f"{path}.parameters_json_schema", function.parameters_json_schema)
    return FunctionTool(
        name=function.name,
        description=function.description,
        parameters_json_schema=function.parameters_json_schema,
        strict=function.strict if function.HasField("strict") else None,
        cache=cache_lifetime_of(function, path, violations),
        deferred=function.deferred,
    )


def _hosted(hosted: prompt_pb2.HostedTool, path: str, violations: Violations) -> HostedTool:
    violations.present(f"{path}.name", hosted.name)
    if hosted.settings_json:
        violations.json_object(f"{path}.settings_json", hosted.settings_json)
    if hosted.allowed_domains and hosted.blocked_domains:
        violations.add(f"{path}.blocked_domains", "allowed only without `allowed_domains`")
    for field, domains in (
        ("allowed_domains", hosted.allowed_domains),
        ("blocked_domains", hosted.blocked_domains),
    ):
        for place, domain in enumerate(domains):
            violations.present(f"{path}.{field}[{place}]", domain)
    max_uses: int | None = None
    if hosted.HasField("max_uses"):
        max_uses = hosted.max_uses
        if max_uses < 1:
            violations.add(f"{path}.max_uses", "must be at least 1")
    location = hosted.location
    return HostedTool(
        name=hosted.name,
        settings_json=hosted.settings_json,
        allowed_domains=tuple(hosted.allowed_domains),
        blocked_domains=tuple(hosted.blocked_domains),
        max_uses=max_uses,
        location=Location(
            city=location.city,
            region=location.region,
            country=location.country,
            timezone=location.timezone,
        )
        if hosted.HasField("location")
        else None,
    )
