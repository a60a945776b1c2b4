"""Reads recorded requests into the contract, and brings bodies that say the same into one form."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from routersvc.domain.prompts import (
    CacheLifetime,
    File,
    FunctionTool,
    HostedTool,
    Image,
    JsonSchemaFormat,
    Message,
    Part,
    Prompt,
    Reasoning,
    ReasoningEffort,
    ReasoningVisibility,
    Role,
    Sampling,
    ServiceTier,
    Text,
    Thought,
    ToolCall,
    ToolChoice,
    ToolChoiceMode,
    ToolResult,
    WireExtension,
)

JsonObject = dict[str, Any]

_ELIDED = re.compile(r"<elided base64[^>]*>")
_LIFETIMES = {None: CacheLifetime.DEFAULT, "5m": CacheLifetime.SHORT, "1h": CacheLifetime.LONG}
_DISPLAYS = {
    None: None,
    "summarized": ReasoningVisibility.SUMMARY,
    "omitted": ReasoningVisibility.HIDDEN,
}
_MODES = {
    "auto": ToolChoiceMode.AUTO,
    "any": ToolChoiceMode.REQUIRED,
    "tool": ToolChoiceMode.FUNCTION,
    "none": ToolChoiceMode.NONE,
}
_DOCUMENTS = {
    "pdf": "application/pdf",
    "txt": "text/plain",
    "csv": "text/csv",
    "md": "text/markdown",
    "html": "text/html",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class NotInContractError(Exception):
    """The contract has no place for something in a recorded request."""


def _no(what: str) -> NoReturn:
    raise NotInContractError(what)


def without_elisions(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return JSON in which what was left out for its size is something short."""
    match value:
        case str():
            return _ELIDED.sub("ZWxpZGVk", value)
        case dict():
            return {key: without_elisions(item) for key, item in value.items()}
        case list():
            return [without_elisions(item) for item in value]
        case _:
            return value


def _only(value: Mapping[str, Any], *keys: str) -> None:
    for key in value:
        if key not in keys:
            _no(f"`{key}`")


# ---- Messages -------------------------------------------------------------------


def messages_normal(body: JsonObject) -> JsonObject:
    """Return a Messages body in the form that says everything at its longest."""
    normal = {key: value for key, value in body.items() if value not in ([], None, False)}
    if "output_format" in normal:
        output = {**normal.get("output_config", {}), "format": normal.pop("output_format")}
        normal["output_config"] = output
    if output := normal.get("output_config"):
        if "format" in output:
            output = {**output, "format": {"type": "json_schema", **output["format"]}}
        normal["output_config"] = output
    if isinstance(normal.get("system"), str):
        normal["system"] = [{"type": "text", "text": normal["system"]}]
    if "tools" in normal:
        normal["tools"] = [
            {key: value for key, value in tool.items() if value != ""} for tool in normal["tools"]
        ]
    turns: list[JsonObject] = []
    for turn in body["messages"]:
        blocks = list(_blocks_normal(turn["content"]))
        if turns and turns[-1]["role"] == turn["role"]:
            turns[-1]["content"] += blocks  # the vendor takes neighbours for one turn
        else:
            turns.append({"role": turn["role"], "content": blocks})
    normal["messages"] = turns
    return normal


def _blocks_normal(content: Any) -> Iterator[JsonObject]:  # noqa: ANN401 - text or blocks
    if isinstance(content, str):
        yield {"type": "text", "text": content}
        return
    for block in content:
        normal = {key: value for key, value in block.items() if value is not None}
        if normal["type"] == "tool_result":
            if normal.get("is_error") is False:
                del normal["is_error"]
            if "content" in normal:
                normal["content"] = list(_blocks_normal(normal["content"]))
        yield normal


def prompt_of_messages(body: JsonObject) -> Prompt:
    """Return the prompt that a Messages body stands for.

    Raises:
        NotInContractError: it says what the contract has no place for.
    """
    body = messages_normal(body)
    _only(
        body,
        *("model", "max_tokens", "messages", "stream", "system", "temperature", "top_p", "top_k"),
        *("tools", "tool_choice", "thinking", "output_config", "stop_sequences", "metadata"),
        "anthropic_version",
    )
    messages = [
        Message(role=Role.SYSTEM, parts=(_part(block),)) for block in body.get("system", ())
    ]
    for turn in body["messages"]:
        parts = tuple(_part(block) for block in turn["content"])
        messages += _messages(Role(turn["role"]), parts)
    choice = body.get("tool_choice")
    parallel = None if choice is None else choice.get("disable_parallel_tool_use")
    output = body.get("output_config", {})
    thinking = body.get("thinking", {})
    effort = output.get("effort")
    return Prompt(
        messages=tuple(messages),
        tools=tuple(_tool(tool) for tool in body.get("tools", ())),
        tool_choice=None
        if choice is None
        else ToolChoice(mode=_MODES[choice["type"]], function_name=choice.get("name", "")),
        parallel_tool_calls=None if parallel is None else not parallel,
        response_format=JsonSchemaFormat(
            name="answer", json_schema=json.dumps(output["format"]["schema"])
        )
        if "format" in output
        else None,
        sampling=Sampling(
            max_output_tokens=body["max_tokens"],
            temperature=body.get("temperature"),
            top_p=body.get("top_p"),
            top_k=body.get("top_k"),
            stop_sequences=tuple(body.get("stop_sequences", ())),
        ),
        reasoning=_reasoning(thinking, effort),
        end_user_id=body.get("metadata", {}).get("user_id", ""),
    )


def _messages(role: Role, parts: tuple[Part, ...]) -> Iterator[Message]:
    """Yield the turn of what tools returned, and that of what else is said."""
    results = tuple(part for part in parts if isinstance(part, ToolResult))
    others = tuple(part for part in parts if not isinstance(part, ToolResult))
    if results:
        yield Message(role=Role.TOOL, parts=results)
    if others:
        yield Message(role=role, parts=others)


def _reasoning(thinking: JsonObject, effort: str | None) -> Reasoning:
    if effort == "xhigh":
        _no("the effort `xhigh`")
    wanted = None if effort is None else ReasoningEffort(effort)
    if thinking.get("type") == "disabled":
        wanted = ReasoningEffort.NONE
    return Reasoning(
        effort=wanted,
        max_tokens=thinking.get("budget_tokens"),
        visibility=_DISPLAYS[thinking.get("display")],
    )


def _cache(block: JsonObject) -> CacheLifetime | None:
    marker = block.get("cache_control")
    return None if marker is None else _LIFETIMES[marker.get("ttl")]


def _part(block: JsonObject) -> Part:
    cache = _cache(block)
    match block["type"]:
        case "text":
            _only(block, "type", "text", "cache_control")
            return Text(text=block["text"], cache=cache)
        case "image":
            _only(block, "type", "source", "cache_control")
            source = block["source"]
            if source["type"] == "url":
                return Image(url=source["url"], cache=cache)
            data = base64.b64decode(source["data"])
            return Image(data=data, media_type=source["media_type"], cache=cache)
        case "document":
            _only(block, "type", "source", "title", "cache_control")
            return _document(block, cache)
        case "tool_use":
            _only(block, "type", "id", "name", "input", "cache_control")
            return ToolCall(
                call_id=block["id"],
                name=block["name"],
                arguments_json=json.dumps(block["input"]),
                cache=cache,
            )
        case "tool_result":
            _only(block, "type", "tool_use_id", "content", "is_error", "cache_control")
            parts: Any = tuple(_part(piece) for piece in block.get("content", ()))
            return ToolResult(
                call_id=block["tool_use_id"],
                parts=parts,
                is_error=block.get("is_error", False),
                cache=cache,
            )
        case "thinking":
            return Thought(text=block["thinking"], signature=block["signature"].encode())
        case _:
            return Thought(encrypted=json.dumps(block).encode())


def _document(block: JsonObject, cache: CacheLifetime | None) -> File:
    source, name = block["source"], block.get("title", "")
    match source["type"]:
        case "url":
            return File(url=source["url"], name=name, cache=cache)
        case "file":
            return File(file_id=source["file_id"], name=name, cache=cache)
        case "text":
            data = source["data"].encode()
            return File(data=data, media_type="text/plain", name=name, cache=cache)
        case _:
            data = base64.b64decode(source["data"])
            return File(data=data, media_type=source["media_type"], name=name, cache=cache)


def _tool(tool: JsonObject) -> FunctionTool | HostedTool:
    if "type" in tool:
        if "cache_control" in tool:
            _no("a cache marker on a tool")
        settings = {key: value for key, value in tool.items() if key != "type"}
        return HostedTool(name=tool["type"], settings_json=json.dumps(settings))
    _only(tool, "name", "description", "input_schema", "strict")
    return FunctionTool(
        name=tool["name"],
        description=tool.get("description", ""),
        parameters_json_schema=json.dumps(tool["input_schema"]),
        strict=tool.get("strict"),
    )


# ---- Converse -------------------------------------------------------------------


def converse_normal(body: JsonObject) -> JsonObject:
    """Return a Converse body without what says nothing."""
    normal = {key: value for key, value in body.items() if value not in ({}, [], None)}
    inference = {k: v for k, v in normal.pop("inferenceConfig", {}).items() if v != []}
    if inference:
        normal["inferenceConfig"] = inference
    output = normal.get("outputConfig", {}).get("textFormat", {})
    if output:
        definition = output["structure"]["jsonSchema"]
        output["structure"]["jsonSchema"] = {
            **definition,
            "schema": json.loads(definition["schema"]),
        }
    for turn in normal["messages"]:
        for block in turn["content"]:
            if block.get("toolResult", {}).get("status") == "success":
                block["toolResult"] = {
                    key: value for key, value in block["toolResult"].items() if key != "status"
                }
    return normal


def prompt_of_converse(body: JsonObject) -> Prompt:
    """Return the prompt that a Converse body stands for.

    Raises:
        NotInContractError: it says what the contract has no place for.
    """
    messages = [
        Message(role=Role.SYSTEM, parts=(Text(text=block["text"]),))
        for block in body.get("system") or ()
    ]
    for turn in body["messages"]:
        messages += _messages(Role(turn["role"]), _converse_parts(turn["content"]))
    tools = body.get("toolConfig") or {}
    inference = body.get("inferenceConfig") or {}
    own = dict(body.get("additionalModelRequestFields") or {})
    effort = own.get("output_config", {}).get("effort")
    effort = effort or own.get("reasoning_effort") or own.get("reasoning_config")
    definition = body.get("outputConfig", {}).get("textFormat", {}).get("structure", {})
    schema = definition.get("jsonSchema")
    more = {key: body[key] for key in ("guardrailConfig",) if key in body}
    return Prompt(
        messages=tuple(messages),
        tools=tuple(_converse_tool(tool) for tool in tools.get("tools", ())),
        tool_choice=_converse_choice(tools.get("toolChoice")),
        response_format=None
        if schema is None
        else JsonSchemaFormat(
            name=schema["name"],
            json_schema=schema["schema"],
            description=schema.get("description", ""),
        ),
        sampling=Sampling(
            max_output_tokens=inference.get("maxTokens"),
            temperature=inference.get("temperature"),
            top_p=inference.get("topP"),
            top_k=own.get("inferenceConfig", {}).get("topK"),
            stop_sequences=tuple(inference.get("stopSequences") or ()),
        ),
        reasoning=_reasoning(own.get("thinking", {}), effort),
        service_tier=ServiceTier.STANDARD if "serviceTier" in body else None,
        wire_extensions=(
            WireExtension(wire_format="bedrock_converse", fields_json=json.dumps(more)),
        )
        if more
        else (),
    )


def _converse_choice(choice: JsonObject | None) -> ToolChoice | None:
    if choice is None:
        return None
    (kind, more), *_ = choice.items()
    return ToolChoice(mode=_MODES[kind], function_name=more.get("name", ""))


def _converse_tool(tool: JsonObject) -> FunctionTool | HostedTool:
    if "systemTool" in tool:
        return HostedTool(name=tool["systemTool"]["name"])
    spec = tool["toolSpec"]
    return FunctionTool(
        name=spec["name"],
        description=spec.get("description", ""),
        parameters_json_schema=json.dumps(spec["inputSchema"]["json"]),
    )


def _converse_parts(content: list[JsonObject]) -> tuple[Part, ...]:
    parts: list[Part] = []
    for block in content:
        (kind, value), *_ = block.items()
        match kind:
            case "text":
                parts.append(Text(text=value))
            case "image":
                parts.append(_converse_image(value))
            case "document":
                parts.append(_converse_document(value))
            case "toolUse" if value.get("type") != "server_tool_use":
                arguments = json.dumps(value["input"])
                parts.append(
                    ToolCall(
                        call_id=value["toolUseId"], name=value["name"], arguments_json=arguments
                    )
                )
            case "toolResult" if "type" not in value:
                parts.append(_converse_result(value))
            case "reasoningContent":
                thought = value["reasoningText"]
                signature = thought.get("signature", "").encode()
                parts.append(Thought(text=thought["text"], signature=signature))
            case "toolUse" | "toolResult":
                parts.append(Thought(encrypted=json.dumps(block).encode()))
            case "cachePoint":
                parts[-1] = dataclasses.replace(parts[-1], cache=_LIFETIMES[value.get("ttl")])
            case _:
                _no(f"`{kind}`")
    return tuple(parts)


def _converse_image(image: JsonObject) -> Image:
    data = base64.b64decode(image["source"]["bytes"])
    return Image(data=data, media_type=f"image/{image['format']}")


def _converse_document(document: JsonObject) -> File:
    _only(document, "format", "name", "source")
    source, kind = document["source"], _DOCUMENTS[document["format"]]
    if "s3Location" in source:
        return File(url=source["s3Location"]["uri"], media_type=kind, name=document["name"])
    _only(source, "bytes")
    data = base64.b64decode(source["bytes"])
    return File(data=data, media_type=kind, name=document["name"])


def _converse_result(result: JsonObject) -> ToolResult:
    parts: list[Any] = []
    for block in result["content"]:
        (kind, value), *_ = block.items()
        match kind:
            case "text":
                parts.append(Text(text=value))
            case "image":
                parts.append(_converse_image(value))
            case "document":
                parts.append(_converse_document(value))
            case _:
                _no(f"`{kind}` in what a tool returned")
    return ToolResult(
        call_id=result["toolUseId"],
        parts=tuple(parts),
        is_error=result.get("status") == "error",
    )
