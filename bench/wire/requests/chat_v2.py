"""Requests for Cohere's chat, version 2, in the contract's words."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, cast

from bench.wire.requests import Asked, JsonObject, NotExpressibleError
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import (
    ImageDetail,
    ImagePart,
    Part,
    TextPart,
    ThoughtPart,
    ToolCall,
    ToolResult,
)
from routersvc.domain.conversation.prompts import Prompt, Sampling, WireExtension
from routersvc.domain.conversation.reasoning import Reasoning, ReasoningEffort
from routersvc.domain.conversation.response_formats import JsonSchemaFormat, ResponseFormat
from routersvc.domain.conversation.tools import FunctionTool, ToolChoice, ToolChoiceMode


def call_of(body: JsonObject, *, streaming: bool) -> Asked:
    """Return what a request asks for.

    Raises:
        NotExpressibleError: the contract cannot say all of it.
    """
    body = plain(body, "")
    return Asked(
        prompt=_prompt(body), streaming=bool(body.get("stream", streaming)), model=body["model"]
    )


def _prompt(body: JsonObject) -> Prompt:
    known = {
        "model", "messages", "stream", "tools", "tool_choice", "response_format", "temperature",
        "stop_sequences", "thinking", "max_tokens", "k", "p", "seed",
    }  # fmt: skip
    extra = {name: value for name, value in body.items() if name not in known}
    choices = {"REQUIRED": ToolChoiceMode.REQUIRED, "NONE": ToolChoiceMode.NONE}
    choice = body.get("tool_choice")
    wanted: JsonObject = body.get("response_format") or {}
    response_format: ResponseFormat | None = None
    if wanted:
        response_format = JsonSchemaFormat(
            name="answer", json_schema=json.dumps(wanted["json_schema"])
        )
    return Prompt(
        messages=tuple(map(_message, body["messages"])),
        tools=_tools(body),
        tool_choice=None if choice is None else ToolChoice(mode=choices[choice]),
        response_format=response_format,
        sampling=Sampling(
            temperature=body.get("temperature"),
            stop_sequences=tuple(body.get("stop_sequences") or ()),
            max_output_tokens=body.get("max_tokens"),
            seed=body.get("seed"),
        ),
        reasoning=Reasoning(effort=ReasoningEffort.HIGH if "thinking" in body else None),
        wire_extensions=(WireExtension(wire_format="cohere_chat", fields_json=json.dumps(extra)),)
        if extra
        else (),
    )


def _tools(body: JsonObject) -> tuple[FunctionTool, ...]:
    """Return the functions of a request that writes them as OpenAI does."""
    functions: list[JsonObject] = [tool["function"] for tool in body.get("tools") or ()]
    return tuple(
        FunctionTool(
            name=function["name"],
            description=function.get("description") or "",
            parameters_json_schema=json.dumps(function["parameters"]),
        )
        for function in functions
    )


def _message(message: JsonObject) -> Message:
    """Return a turn of a conversation with Cohere."""
    parts: list[Part] = []
    if message.get("tool_plan"):
        parts.append(ThoughtPart(text=message["tool_plan"]))
    content: Any = message.get("content") or ()
    items: Iterable[JsonObject] = (
        ({"type": "text", "text": content},) if isinstance(content, str) else content
    )
    for item in items:
        match item["type"]:
            case "text":
                parts.append(TextPart(text=item["text"]))
            case "thinking":
                parts.append(ThoughtPart(text=item["thinking"]))
            case "image_url":
                detail = item["image_url"].get("detail")
                parts.append(
                    ImagePart(
                        url=item["image_url"]["url"],
                        detail=None if detail is None else ImageDetail(detail),
                    )
                )
            case kind:
                raise NotExpressibleError(f"a {kind} as a tool's result")
    if message["role"] == "tool":
        texts = [part for part in parts if isinstance(part, TextPart)]
        result = ToolResult(call_id=message["tool_call_id"], parts=tuple(texts))
        return Message(role=Role.TOOL, parts=(result,))
    for call in message.get("tool_calls") or ():
        function = call["function"]
        parts.append(
            ToolCall(
                call_id=call["id"], name=function["name"], arguments_json=function["arguments"]
            )
        )
    return Message(role=Role(message["role"]), parts=tuple(parts))


def plain(body: JsonObject, provider: str) -> JsonObject:
    """Return a request with one text where a list has only one, as it is written here."""
    del provider  # there is one
    for message in body["messages"]:
        content: Any = message.get("content")
        items = cast("list[JsonObject]", content) if isinstance(content, list) else []
        if len(items) == 1 and items[0]["type"] == "text":
            message["content"] = items[0]["text"]
        if message.get("tool_calls") and not message.get("content"):
            message.pop("content", None)
        for name in ("tool_calls", "tool_plan"):
            if not message.get(name):
                message.pop(name, None)
    if not body.get("tools"):
        body.pop("tools", None)
    if body.get("stream") is False:
        del body["stream"]  # it is the default
    return {name: value for name, value in body.items() if value is not None}
