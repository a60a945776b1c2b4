"""Requests for Responses in the contract's words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from bench.wire.requests import (
    Asked,
    JsonObject,
    NotExpressibleError,
    data_of,
    extension,
    hosted,
    said_by,
    without_nulls,
)
from bench.wire.requests.chat_thinking import EFFORTS
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import (
    FilePart,
    ImageDetail,
    ImagePart,
    TextPart,
    ThoughtPart,
    ToolCall,
    ToolResult,
)
from routersvc.domain.conversation.prompts import Prompt, Sampling, ServiceTier, Verbosity
from routersvc.domain.conversation.reasoning import Reasoning, ReasoningVisibility
from routersvc.domain.conversation.response_formats import JsonObjectFormat, JsonSchemaFormat
from routersvc.domain.conversation.tools import FunctionTool, HostedTool, ToolChoice, ToolChoiceMode

_KEPT_BY_THE_VENDOR = ("conversation", "previous_response_id", "prompt", "background")
_TIERS = {
    "flex": ServiceTier.FLEX,
    "default": ServiceTier.STANDARD,
    "priority": ServiceTier.PRIORITY,
}
_SUMMARIES = {"auto": ReasoningVisibility.SUMMARY, "detailed": ReasoningVisibility.FULL}
_THOUGHTS = "reasoning.encrypted_content"
_LOGPROBS = "message.output_text.logprobs"


def call_of(body: JsonObject, *, streaming: bool) -> Asked:
    """Return what a request asks for.

    Raises:
        NotExpressibleError: the contract cannot say all of it.
    """
    rest = without_nulls(body)
    for name in _KEPT_BY_THE_VENDOR:
        if name in rest:
            raise NotExpressibleError(f"`{name}`, which the vendor keeps")
    streaming = bool(rest.pop("stream", streaming))
    rest.pop("store", None)
    rest.pop("stream_options", None)
    include = set(rest.pop("include", ()))
    for name in sorted(include - {_THOUGHTS, _LOGPROBS}):
        raise NotExpressibleError(f"`{name}` in `include`")
    text: JsonObject = rest.pop("text", {})
    tier = rest.pop("service_tier", "auto")
    thinking: JsonObject = rest.pop("reasoning", {})
    reasoning = _reasoning(thinking)
    response_format = _format(text.pop("format", {}))
    verbosity = text.pop("verbosity", None)
    rest |= {name: more for name, more in (("reasoning", thinking), ("text", text)) if more}
    prompt = Prompt(
        messages=_messages(rest.pop("instructions", ""), rest.pop("input")),
        tools=tuple(_tool(tool) for tool in rest.pop("tools", ())),
        tool_choice=_choice(rest.pop("tool_choice", None)),
        parallel_tool_calls=rest.pop("parallel_tool_calls", None),
        response_format=response_format,
        sampling=Sampling(
            temperature=rest.pop("temperature", None),
            top_p=rest.pop("top_p", None),
            max_output_tokens=rest.pop("max_output_tokens", None),
        ),
        reasoning=reasoning,
        logprobs=rest.pop("top_logprobs", 0) if _LOGPROBS in include else None,
        verbosity=None if verbosity is None else Verbosity(verbosity),
        end_user_id=rest.pop("safety_identifier", "") or rest.pop("user", ""),
        prompt_cache_key=rest.pop("prompt_cache_key", ""),
        service_tier=None if tier == "auto" else said_by(_TIERS, tier, "the service tier"),
        wire_extensions=extension(
            "openai_responses", {k: v for k, v in rest.items() if k != "model"}
        ),
    )
    return Asked(
        prompt=prompt, streaming=streaming, model=rest["model"], thinks=_THOUGHTS in include
    )


def plain(body: JsonObject, provider: str) -> JsonObject:
    """Return a body in which what means the same to a provider is written the same.

    What the router adds to keep nothing at the vendor is taken out on both sides.
    """
    del provider  # it means the same to all of them
    found: JsonObject = without_nulls(body)
    for name in ("store", "stream_options"):
        found.pop(name, None)
    for name, default in (("stream", False), ("service_tier", "auto")):
        if found.get(name) == default:
            del found[name]
    if not found.get("tools"):
        found.pop("tools", None)
    found["include"] = sorted(found.get("include", ()))
    if "user" in found:
        found["safety_identifier"] = found.pop("user")
    text = found.pop("text", {})
    if text.get("format") == {"type": "text"}:
        del text["format"]
    if text:
        found["text"] = text
    for tool in found.get("tools", ()):
        if tool["type"] == "function":
            tool.setdefault("parameters", {"type": "object", "properties": {}})
    instructions = found.pop("instructions", None)
    items = found.get("input", [])
    if isinstance(items, str):
        items = [{"role": "user", "content": items}]
    if instructions:
        items = [{"role": "system", "content": instructions}, *items]
    found["input"] = [one for item in items for one in _plain_items(item)]
    return found


def _plain_items(item: JsonObject) -> Iterator[JsonObject]:
    """Yield an item as several of one part each: an answer is one message for each of its texts."""
    if item.get("role"):
        role = "system" if item["role"] == "developer" else item["role"]
        content: Any = item.get("content") or ""
        if isinstance(content, str):
            content = [{"type": "text", "text": content}]
        parts = [_plain_part(part) for part in content]
        if role != "assistant":
            yield {"role": role, "content": parts}
            return
        phase: JsonObject = {"phase": item["phase"]} if item.get("phase") else {}
        for part in parts:
            yield {"role": role, "content": [part], **phase}
        return
    found = {key: value for key, value in item.items() if key != "status"}
    if found["type"].endswith("_call_output"):
        output: Any = found["output"]
        if isinstance(output, str):
            output = [{"type": "text", "text": output}]
        found["output"] = [_plain_part(part) for part in output]
    if found["type"] in {"function_call", "function_call_output", "custom_tool_call"}:
        found.pop("id", None)
    yield found


def _plain_part(part: JsonObject) -> JsonObject:
    if part["type"] in {"input_text", "output_text"}:
        return {"type": "text", "text": part["text"]}
    if part["type"] == "refusal":
        return {"type": "text", "text": part["refusal"]}
    return {"detail": "auto", **part} if part["type"] == "input_image" else part


def _messages(instructions: str, items: Any) -> tuple[Message, ...]:  # noqa: ANN401 - JSON
    found: list[Message] = []
    if instructions:
        found.append(Message(role=Role.SYSTEM, parts=(TextPart(text=instructions),)))
    if isinstance(items, str):
        items = [{"role": "user", "content": items}]
    custom: set[str] = set()
    return (*found, *(_message(item, custom) for item in items))


def _message(item: JsonObject, custom: set[str]) -> Message:
    if item.get("role") and item.get("type", "message") == "message":
        content: Any = item.get("content") or []
        if isinstance(content, str):
            content = [{"type": "input_text", "text": content}]
        phase: str = item.get("phase") or ""
        parts = tuple(_part(part, phase) for part in content)
        return Message(role=Role(item["role"]), parts=parts)
    match item["type"]:
        case "function_call" | "custom_tool_call":
            return Message(role=Role.ASSISTANT, parts=(_call(item, custom),))
        case "function_call_output" | "custom_tool_call_output":
            output: Any = item["output"]
            if isinstance(output, str):
                output = [{"type": "input_text", "text": output}]
            result = ToolResult(
                call_id=item["call_id"], parts=tuple(_part(part) for part in output)
            )
            return Message(role=Role.TOOL, parts=(result,))
        case _:
            thought = _thought(item)
            return Message(role=Role.ASSISTANT, parts=(thought,))


def _thought(item: JsonObject) -> ThoughtPart:
    content: Sequence[JsonObject] = item.get("content") or ()
    if item["type"] == "reasoning" and not item.get("encrypted_content") and content:
        if item["summary"] or len(content) != 1:
            raise NotExpressibleError("a plain thought with a summary beside it")
        raise NotExpressibleError("the id of a plain thought")
    return ThoughtPart(encrypted=json.dumps(item).encode())


def _call(item: JsonObject, custom: set[str]) -> ToolCall:
    if item["type"] == "custom_tool_call":
        custom.add(item["call_id"])
        return ToolCall(
            call_id=item["call_id"],
            name=item["name"],
            arguments_json=json.dumps({"input": item["input"]}),
            signature=b'{"type":"custom_tool_call"}',
        )
    known = {"type", "id", "call_id", "name", "arguments", "status"}
    rest = {key: value for key, value in item.items() if key not in known}
    signature = json.dumps({"type": "function_call", **rest}).encode() if rest else b""
    return ToolCall(
        call_id=item["call_id"],
        name=item["name"],
        arguments_json=item["arguments"],
        signature=signature,
    )


def _part(part: JsonObject, phase: str = "") -> TextPart | ImagePart | FilePart:
    match part["type"]:
        case "input_text" | "output_text":
            return TextPart(text=part["text"], phase=phase)
        case "refusal":
            return TextPart(text=part["refusal"])
        case "input_image" if "image_url" in part:
            detail = part.get("detail", "auto")
            known = None if detail == "auto" else ImageDetail(detail)
            data = data_of(part["image_url"])
            if data is None:
                return ImagePart(url=part["image_url"], detail=known)
            return ImagePart(media_type=data[0], data=data[1], detail=known)
        case "input_file":
            return _file(part)
        case _:
            raise NotExpressibleError(f"a part of the type `{part['type']}` by its id")


def _file(part: JsonObject) -> FilePart:
    if "file_id" in part:
        return FilePart(file_id=part["file_id"])
    if "file_url" in part:
        return FilePart(url=part["file_url"])
    data = data_of(part["file_data"])
    if data is None:
        raise NotExpressibleError("a document in bare base64")
    return FilePart(media_type=data[0], data=data[1], name=part.get("filename", ""))


def _tool(tool: JsonObject) -> FunctionTool | HostedTool:
    if tool["type"] != "function":
        return hosted(tool["type"], {key: one for key, one in tool.items() if key != "type"})
    known = {"type", "name", "description", "parameters", "strict", "defer_loading"}
    for field in sorted(tool.keys() - known):
        raise NotExpressibleError(f"`{field}` of a function")
    parameters = tool.get("parameters")
    return FunctionTool(
        name=tool["name"],
        description=tool.get("description", ""),
        parameters_json_schema="" if parameters is None else json.dumps(parameters),
        strict=tool.get("strict"),
        deferred=tool.get("defer_loading", False),
    )


def _choice(choice: Any) -> ToolChoice | None:  # noqa: ANN401 - JSON
    if choice is None:
        return None
    if isinstance(choice, str):
        return ToolChoice(mode=ToolChoiceMode(choice))
    if choice["type"] != "function":
        raise NotExpressibleError(f"the choice of a tool of the type `{choice['type']}`")
    return ToolChoice(mode=ToolChoiceMode.FUNCTION, function_name=choice["name"])


def _format(wanted: JsonObject) -> JsonObjectFormat | JsonSchemaFormat | None:
    match wanted.get("type", "text"):
        case "text":
            return None
        case "json_object":
            return JsonObjectFormat()
        case _:
            return JsonSchemaFormat(
                name=wanted["name"],
                json_schema=json.dumps(wanted["schema"]),
                description=wanted.get("description", ""),
                strict=wanted.get("strict"),
            )


def _reasoning(settings: JsonObject) -> Reasoning:
    effort = settings.pop("effort", None)
    summary = settings.pop("summary", None)
    return Reasoning(
        effort=None if effort is None else said_by(EFFORTS, effort, "the reasoning effort"),
        visibility=None
        if summary is None
        else said_by(_SUMMARIES, summary, "a summary of the kind"),
    )
