"""Requests for Anthropic's Messages in the contract's words."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from bench.wire.requests import (
    Asked,
    JsonObject,
    NotExpressibleError,
    extension,
    hosted,
    said_by,
)
from bench.wire.requests.chat_thinking import EFFORTS
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import (
    CacheLifetime,
    FilePart,
    ImagePart,
    Part,
    TextPart,
    ThoughtPart,
    ToolCall,
    ToolResult,
)
from routersvc.domain.conversation.prompts import Prompt, Sampling
from routersvc.domain.conversation.reasoning import Reasoning, ReasoningEffort, ReasoningVisibility
from routersvc.domain.conversation.response_formats import JsonSchemaFormat
from routersvc.domain.conversation.tools import FunctionTool, HostedTool, ToolChoice, ToolChoiceMode

LIFETIMES = {None: CacheLifetime.DEFAULT, "5m": CacheLifetime.SHORT, "1h": CacheLifetime.LONG}
_DISPLAYS = {
    None: None,
    "summarized": ReasoningVisibility.SUMMARY,
    "omitted": ReasoningVisibility.HIDDEN,
}
MODES = {
    "auto": ToolChoiceMode.AUTO,
    "any": ToolChoiceMode.REQUIRED,
    "tool": ToolChoiceMode.FUNCTION,
    "none": ToolChoiceMode.NONE,
}


_OF_THE_CONTRACT = (
    *("model", "max_tokens", "messages", "stream", "system", "temperature", "top_p", "top_k"),
    *("tools", "tool_choice", "thinking", "output_config", "stop_sequences", "metadata"),
    "anthropic_version",
)


def call_of(body: JsonObject, *, streaming: bool) -> Asked:
    """Return what a request asks for.

    Raises:
        NotExpressibleError: the contract cannot say all of it.
    """
    return Asked(
        prompt=_prompt(body),
        streaming=bool(body.get("stream", streaming)),
        model=body.get("model") or "",
    )


def not_in_contract(what: str) -> NoReturn:
    """Say what the contract has no place for."""
    raise NotExpressibleError(what)


def only(value: Mapping[str, Any], *keys: str) -> None:
    """Say so where there are other keys."""
    for key in value:
        if key not in keys:
            not_in_contract(f"`{key}`")


def plain(body: JsonObject, provider: str) -> JsonObject:
    """Return a body in the form that says everything at its longest."""
    del provider  # it means the same to all of them
    normal = {key: value for key, value in body.items() if value not in ([], None, False)}
    if "output_format" in normal:
        output = {**normal.get("output_config", {}), "format": normal.pop("output_format")}
        normal["output_config"] = output
    wanted: JsonObject = normal.get("output_config", {})
    if "format" in wanted:
        described = {"type": "json_schema", **wanted["format"]}
        normal["output_config"] = {**wanted, "format": described}
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


def _prompt(body: JsonObject) -> Prompt:
    body = plain(body, "")
    rest = {name: value for name, value in body.items() if name not in _OF_THE_CONTRACT}
    messages = [
        Message(role=Role.SYSTEM, parts=(_part(block),)) for block in body.get("system", ())
    ]
    for turn in body["messages"]:
        parts = tuple(_part(block) for block in turn["content"])
        messages += turns_of(Role(turn["role"]), parts)
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
        else ToolChoice(mode=MODES[choice["type"]], function_name=choice.get("name", "")),
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
        reasoning=reasoning_of(thinking, effort),
        end_user_id=body.get("metadata", {}).get("user_id", ""),
        wire_extensions=extension("anthropic_messages", rest),
    )


def turns_of(role: Role, parts: tuple[Part, ...]) -> Iterator[Message]:
    """Yield the turn of what tools returned, and that of what else is said."""
    results = tuple(part for part in parts if isinstance(part, ToolResult))
    others = tuple(part for part in parts if not isinstance(part, ToolResult))
    if results:
        yield Message(role=Role.TOOL, parts=results)
    if others:
        yield Message(role=role, parts=others)


def reasoning_of(thinking: JsonObject, effort: str | None) -> Reasoning:
    """Return how a Claude model is told to think."""
    wanted: ReasoningEffort | None = (
        None if effort is None else said_by(EFFORTS, effort, "the effort")
    )
    if thinking.get("type") == "disabled":
        wanted = ReasoningEffort.NONE
    elif thinking.get("type") == "adaptive" and wanted is None:
        wanted = ReasoningEffort.ADAPTIVE
    return Reasoning(
        effort=wanted,
        max_tokens=thinking.get("budget_tokens"),
        visibility=_DISPLAYS[thinking.get("display")],
    )


def _cache(block: JsonObject) -> CacheLifetime | None:
    marker = block.get("cache_control")
    return None if marker is None else LIFETIMES[marker.get("ttl")]


def _part(block: JsonObject) -> Part:
    cache = _cache(block)
    match block["type"]:
        case "text":
            only(block, "type", "text", "cache_control")
            return TextPart(text=block["text"], cache=cache)
        case "image":
            only(block, "type", "source", "cache_control")
            source = block["source"]
            if source["type"] == "url":
                return ImagePart(url=source["url"], cache=cache)
            data = base64.b64decode(source["data"])
            return ImagePart(data=data, media_type=source["media_type"], cache=cache)
        case "document":
            only(block, "type", "source", "title", "cache_control")
            return _document(block, cache)
        case "tool_use":
            only(block, "type", "id", "name", "input", "cache_control")
            return ToolCall(
                call_id=block["id"],
                name=block["name"],
                arguments_json=json.dumps(block["input"]),
                cache=cache,
            )
        case "tool_result":
            only(block, "type", "tool_use_id", "content", "is_error", "cache_control")
            parts: Any = tuple(_part(piece) for piece in block.get("content", ()))
            return ToolResult(
                call_id=block["tool_use_id"],
                parts=parts,
                is_error=block.get("is_error", False),
                cache=cache,
            )
        case "thinking":
            return ThoughtPart(text=block["thinking"], signature=block["signature"].encode())
        case _:
            return ThoughtPart(encrypted=json.dumps(block).encode())


def _document(block: JsonObject, cache: CacheLifetime | None) -> FilePart:
    source, name = block["source"], block.get("title", "")
    match source["type"]:
        case "url":
            return FilePart(url=source["url"], name=name, cache=cache)
        case "file":
            return FilePart(file_id=source["file_id"], name=name, cache=cache)
        case "text":
            data = source["data"].encode()
            return FilePart(data=data, media_type="text/plain", name=name, cache=cache)
        case _:
            data = base64.b64decode(source["data"])
            return FilePart(data=data, media_type=source["media_type"], name=name, cache=cache)


def _tool(tool: JsonObject) -> FunctionTool | HostedTool:
    if "type" in tool:
        return hosted(tool["type"], {key: one for key, one in tool.items() if key != "type"})
    only(tool, "name", "description", "input_schema", "strict", "cache_control", "defer_loading")
    return FunctionTool(
        name=tool["name"],
        description=tool.get("description", ""),
        parameters_json_schema=json.dumps(tool["input_schema"]),
        strict=tool.get("strict"),
        cache=_cache(tool),
        deferred=tool.get("defer_loading", False),
    )
