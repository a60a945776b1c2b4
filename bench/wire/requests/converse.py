"""Requests for Converse and ConverseStream in the contract's words."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from bench.wire.requests import Asked, JsonObject
from bench.wire.requests.messages import (
    LIFETIMES,
    MODES,
    not_in_contract,
    only,
    reasoning_of,
    turns_of,
)
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import (
    FilePart,
    ImagePart,
    Part,
    TextPart,
    ThoughtPart,
    ToolCall,
    ToolResult,
)
from routersvc.domain.conversation.prompts import Prompt, Sampling, ServiceTier, WireExtension
from routersvc.domain.conversation.response_formats import JsonSchemaFormat
from routersvc.domain.conversation.tools import FunctionTool, HostedTool, ToolChoice

_DOCUMENTS = {
    "pdf": "application/pdf",
    "txt": "text/plain",
    "csv": "text/csv",
    "md": "text/markdown",
    "html": "text/html",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def model_at(url: str) -> str:
    """Return the model that an address names."""
    return unquote(urlsplit(url).path.partition("/model/")[2].rpartition("/")[0])


def call_of(body: JsonObject, *, streaming: bool) -> Asked:
    """Return what a request asks for.

    Raises:
        NotExpressibleError: the contract cannot say all of it.
    """
    return Asked(prompt=_prompt(body), streaming=streaming, model="")


def plain(body: JsonObject, provider: str) -> JsonObject:
    """Return a body without what says nothing."""
    del provider  # there is one
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


def _prompt(body: JsonObject) -> Prompt:
    messages = [
        Message(role=Role.SYSTEM, parts=(TextPart(text=block["text"]),))
        for block in body.get("system") or ()
    ]
    for turn in body["messages"]:
        messages += turns_of(Role(turn["role"]), _converse_parts(turn["content"]))
    tools: JsonObject = body.get("toolConfig") or {}
    inference: JsonObject = body.get("inferenceConfig") or {}
    own: JsonObject = body.get("additionalModelRequestFields") or {}
    effort = own.get("output_config", {}).get("effort")
    effort = effort or own.get("reasoning_effort") or own.get("reasoning_config")
    definition = body.get("outputConfig", {}).get("textFormat", {}).get("structure", {})
    schema = definition.get("jsonSchema")
    more = {key: body[key] for key in ("guardrailConfig",) if key in body}
    return Prompt(
        messages=tuple(messages),
        tools=_converse_tools(tools.get("tools") or ()),
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
        reasoning=reasoning_of(own.get("thinking", {}), effort),
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
    return ToolChoice(mode=MODES[kind], function_name=more.get("name", ""))


def _converse_tools(tools: Sequence[JsonObject]) -> tuple[FunctionTool | HostedTool, ...]:
    found: list[FunctionTool | HostedTool] = []
    for tool in tools:
        if "cachePoint" in tool and isinstance(found[-1], FunctionTool):
            lifetime = LIFETIMES[tool["cachePoint"].get("ttl")]
            found[-1] = dataclasses.replace(found[-1], cache=lifetime)
        else:
            found.append(_converse_tool(tool))
    return tuple(found)


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
                parts.append(TextPart(text=value))
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
                parts.append(ThoughtPart(text=thought["text"], signature=signature))
            case "toolUse" | "toolResult":
                parts.append(ThoughtPart(encrypted=json.dumps(block).encode()))
            case "cachePoint":
                parts[-1] = dataclasses.replace(parts[-1], cache=LIFETIMES[value.get("ttl")])
            case _:
                not_in_contract(f"`{kind}`")
    return tuple(parts)


def _converse_image(image: JsonObject) -> ImagePart:
    data = base64.b64decode(image["source"]["bytes"])
    return ImagePart(data=data, media_type=f"image/{image['format']}")


def _converse_document(document: JsonObject) -> FilePart:
    only(document, "format", "name", "source")
    source, kind = document["source"], _DOCUMENTS[document["format"]]
    if "s3Location" in source:
        return FilePart(url=source["s3Location"]["uri"], media_type=kind, name=document["name"])
    only(source, "bytes")
    data = base64.b64decode(source["bytes"])
    return FilePart(data=data, media_type=kind, name=document["name"])


def _converse_result(result: JsonObject) -> ToolResult:
    parts: list[Any] = []
    for block in result["content"]:
        (kind, value), *_ = block.items()
        match kind:
            case "text":
                parts.append(TextPart(text=value))
            case "image":
                parts.append(_converse_image(value))
            case "document":
                parts.append(_converse_document(value))
            case "json":
                data = json.dumps(value).encode()
                parts.append(FilePart(data=data, media_type="application/json"))
            case _:
                not_in_contract(f"`{kind}` in what a tool returned")
    return ToolResult(
        call_id=result["toolUseId"],
        parts=tuple(parts),
        is_error=result.get("status") == "error",
    )
