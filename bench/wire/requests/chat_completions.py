"""Requests for chat completions in the contract's words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

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
from bench.wire.requests.chat_thinking import make_thinking_plain, reasoning_of
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import (
    AudioPart,
    CacheLifetime,
    FilePart,
    ImageDetail,
    ImagePart,
    Part,
    TextPart,
    ThoughtPart,
    ToolCall,
    ToolResult,
)
from routersvc.domain.conversation.prompts import Prompt, Sampling, ServiceTier, Verbosity
from routersvc.domain.conversation.response_formats import JsonObjectFormat, JsonSchemaFormat
from routersvc.domain.conversation.tools import FunctionTool, HostedTool, ToolChoice, ToolChoiceMode

_TIERS = {
    "flex": ServiceTier.FLEX,
    "default": ServiceTier.STANDARD,
    "on_demand": ServiceTier.STANDARD,
    "priority": ServiceTier.PRIORITY,
    "performance": ServiceTier.PRIORITY,
}
_CHOICES = {mode.value: mode for mode in ToolChoiceMode} | {"any": ToolChoiceMode.REQUIRED}
_LIFETIMES = {None: CacheLifetime.DEFAULT, "5m": CacheLifetime.SHORT, "1h": CacheLifetime.LONG}
_MAY_BE_EMPTY = (
    "tool_calls",
    "annotations",
    "reasoning",
    "reasoning_content",
    "reasoning_details",
)
_WITHOUT_SERIAL_CALLS = {"ollama"}
"""Providers that cannot be told to make one call at a time: that several may come is no setting."""

_TAKE_BOTH = {"ollama"}
"""Providers to which a thought is one by either of its two names, as recordings show."""

_AUDIO_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg"}


def call_of(body: JsonObject, *, streaming: bool) -> Asked:
    """Return what a request asks for.

    Raises:
        NotExpressibleError: the contract cannot say all of it.
    """
    rest = without_nulls(body)
    streaming = bool(rest.pop("stream", streaming))
    rest.pop("stream_options", None)
    if rest.pop("n", 1) != 1:
        raise NotExpressibleError("more than one answer")
    stored = rest.pop("store", None)
    if stored:
        raise NotExpressibleError("an answer that the vendor keeps")
    preferences: JsonObject = rest.pop("provider", {})
    zdr, denied = preferences.pop("zdr", False), preferences.pop("data_collection", "allow")
    if preferences:
        rest["provider"] = preferences
    model = rest.pop("model")
    messages = _messages(rest.pop("messages"))
    tools = tuple(_tool(tool) for tool in rest.pop("tools", ()))
    logprobs = rest.pop("top_logprobs", 0) if rest.pop("logprobs", False) else None
    prompt = Prompt(
        messages=messages,
        tools=tools,
        tool_choice=_choice(rest.pop("tool_choice", None)),
        parallel_tool_calls=rest.pop("parallel_tool_calls", None),
        response_format=_format(rest.pop("response_format", {})),
        sampling=_sampling(rest),
        reasoning=reasoning_of(rest),
        logprobs=logprobs,
        verbosity=Verbosity(rest.pop("verbosity")) if "verbosity" in rest else None,
        end_user_id=rest.pop("user", "") or rest.pop("safety_identifier", ""),
        prompt_cache_key=rest.pop("prompt_cache_key", ""),
        service_tier=_tier(rest.pop("service_tier", None)),
        wire_extensions=extension("openai_chat", rest),
    )
    return Asked(
        prompt=prompt,
        streaming=streaming,
        model=model,
        zero_data_retention=bool(zdr) or stored is False,
        no_training=denied == "deny",
    )


def plain(body: JsonObject, provider: str) -> JsonObject:
    """Return a body in which what means the same to a provider is written the same.

    How the pieces of a stream come is the router's to ask for, and taken out on both sides.
    """
    found: JsonObject = without_nulls(body)
    for name in ("stream_options", "tool_stream"):
        found.pop(name, None)
    unset = [("stream", False), ("n", 1), ("service_tier", "auto")]
    if provider in _WITHOUT_SERIAL_CALLS:
        unset.append(("parallel_tool_calls", True))
    for name, default in unset:
        if found.get(name) == default:
            del found[name]
    if "max_completion_tokens" in found:
        found["max_tokens"] = found.pop("max_completion_tokens")
    if "safety_identifier" in found and "user" not in found:
        found["user"] = found.pop("safety_identifier")  # its new name at OpenAI
    if "seed" in found:
        found["random_seed"] = found.pop("seed")
    if isinstance(found.get("stop"), str):
        found["stop"] = [found["stop"]]
    if not found.get("tools"):
        found.pop("tools", None)
    if found.get("response_format") == {"type": "text"}:
        del found["response_format"]
    if found.get("tool_choice") == "any":
        found["tool_choice"] = "required"
    make_thinking_plain(found, provider)
    schema = found.get("response_format", {}).get("json_schema", {})
    if not schema.get("description"):
        schema.pop("description", None)
    choice: Any = found.get("tool_choice")
    if isinstance(choice, dict):
        found["tool_choice"] = {"type": "function", **cast("JsonObject", choice)}
    for tool in found.get("tools", ()):
        _make_tool_plain(tool)
    found["messages"] = [_plain_message(message, provider) for message in found["messages"]]
    return found


def _make_tool_plain(tool: JsonObject) -> None:
    if tool.setdefault("type", "function") != "function":
        return
    tool["function"].pop("type", None)
    tool["function"].setdefault("parameters", {"type": "object", "properties": {}})
    if not tool["function"].get("description"):
        tool["function"].pop("description", None)


def _plain_message(message: JsonObject, provider: str) -> JsonObject:
    content: Any = message.get("content") or []
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    _mark_last_text(message, content)
    for part in content:
        if part.get("type") == "image_url":
            image = part["image_url"]
            image = {"url": image} if isinstance(image, str) else image
            part["image_url"] = {k: v for k, v in image.items() if (k, v) != ("detail", "auto")}
        if part.get("type") == "thinking":
            text = "".join(piece["text"] for piece in part["thinking"])
            part["thinking"] = [{"type": "text", "text": text}]
    found = {**message, "content": content}
    if not found.get("prefix", True):
        del found["prefix"]
    if found["role"] == "developer":
        found["role"] = "system"
    thought = found.get("reasoning")
    if thought and (provider in _TAKE_BOTH or thought == found.get("reasoning_content")):
        found["reasoning_content"] = found.pop("reasoning")
    if "reasoning_details" in found:
        found.pop("reasoning", None)
    for call in found.get("tool_calls") or ():
        call.pop("index", None)
        call["type"] = "function"
    for empty in _MAY_BE_EMPTY:
        if not found.get(empty):
            found.pop(empty, None)
    return found


def _mark_last_text(message: JsonObject, content: Sequence[JsonObject]) -> None:
    """Move a cache marker from beside the content into it, as OpenRouter's own SDK takes it."""
    texts = [part for part in content if part.get("type") == "text"]
    if "cache_control" in message and texts:
        texts[-1].setdefault("cache_control", message.pop("cache_control"))


def _messages(messages: Sequence[JsonObject]) -> tuple[Message, ...]:
    found: list[Message] = []
    for index, message in enumerate(messages):
        last = index == len(messages) - 1
        if message.pop("prefix", False) and not last:
            raise NotExpressibleError("a prefix that is not the last message")
        found.append(_message(message))
    return tuple(found)


def _message(message: JsonObject) -> Message:
    role = Role(message.pop("role"))
    name = message.pop("name", "")
    content: Any = message.pop("content", None) or []
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    _mark_last_text(message, content)
    parts: list[Any] = [_part(part) for part in content]
    if role is Role.TOOL:
        parts = [ToolResult(call_id=message.pop("tool_call_id"), parts=tuple(parts))]
    thoughts = _thoughts(message)
    calls = [_call(call) for call in message.pop("tool_calls", ())]
    if not message.pop("annotations", None):
        message.pop("annotations", None)
    for field in message:
        raise NotExpressibleError(f"`{field}` in a message")
    return Message(role=role, parts=(*thoughts, *parts, *calls), name=name)


def _thoughts(message: JsonObject) -> list[ThoughtPart]:
    details: Sequence[JsonObject] = message.pop("reasoning_details", None) or ()
    plain_text: str = message.pop("reasoning_content", "") or message.get("reasoning", "")
    message.pop("reasoning", None)
    if not details:
        return [ThoughtPart(text=plain_text)] if plain_text else []
    thoughts: list[ThoughtPart] = []
    for detail in details:
        text: str = detail.get("text") or detail.get("summary") or ""
        proof = json.dumps({k: v for k, v in detail.items() if k not in {"text", "summary"}})
        is_encrypted = bool(detail.get("data"))
        thoughts.append(
            ThoughtPart(
                text=text,
                encrypted=proof.encode() if is_encrypted else b"",
                signature=b"" if is_encrypted else proof.encode(),
            )
        )
    return thoughts


def _part(part: Any) -> Part:  # noqa: ANN401 - JSON
    if not isinstance(part, dict):
        raise NotExpressibleError("a part without a type")
    part = cast("JsonObject", part)
    cache = _cache(part.pop("cache_control", None))
    kind = part.pop("type")
    match kind:
        case "text":
            found: Part = TextPart(text=part.pop("text"), cache=cache)
        case "image_url":
            found = _image(part.pop("image_url"), cache)
        case "input_audio":
            sound = part.pop("input_audio")
            data = data_of(f"data:;base64,{sound['data']}")
            found = AudioPart(
                data=b"" if data is None else data[1],
                media_type=said_by(_AUDIO_TYPES, sound["format"], "sound of the format"),
                cache=cache,
            )
        case "file":
            found = _file(part.pop("file", None) or part, cache)
        case "document_url":
            found = FilePart(url=part.pop("document_url"), cache=cache)
        case "thinking":
            found = ThoughtPart(text="".join(piece["text"] for piece in part.pop("thinking")))
        case _:
            raise NotExpressibleError(f"a part of the type `{kind}`")
    if part:
        raise NotExpressibleError(f"`{min(part)}` in a part of the type `{kind}`")
    return found


def _image(image: Any, cache: CacheLifetime | None) -> ImagePart:  # noqa: ANN401 - JSON
    image = {"url": image} if isinstance(image, str) else image
    detail = image.get("detail", "auto")
    known = None if detail == "auto" else ImageDetail(detail)
    data = data_of(image["url"])
    if data is None:
        return ImagePart(url=image["url"], detail=known, cache=cache)
    return ImagePart(media_type=data[0], data=data[1], detail=known, cache=cache)


def _file(file: JsonObject, cache: CacheLifetime | None) -> FilePart:
    if "file_id" in file:
        return FilePart(file_id=file["file_id"], cache=cache)
    name = file.get("filename", "")
    data = data_of(file["file_data"])
    if data is None:
        return FilePart(url=file["file_data"], name=name, cache=cache)
    return FilePart(media_type=data[0], data=data[1], name=name, cache=cache)


def _cache(marker: JsonObject | None) -> CacheLifetime | None:
    if marker is None:
        return None
    found: CacheLifetime = said_by(_LIFETIMES, marker.get("ttl"), "a cache marker")  # type: ignore[arg-type]
    return found


def _call(call: JsonObject) -> ToolCall:
    function = call["function"]
    arguments = function["arguments"]
    for name in call.keys() - {"id", "type", "index", "function", "cache_control"}:
        raise NotExpressibleError(f"`{name}` of a tool call")
    return ToolCall(
        call_id=call["id"],
        name=function["name"],
        arguments_json=arguments if isinstance(arguments, str) else json.dumps(arguments),
        cache=_cache(call.get("cache_control")),
    )


def _tool(tool: JsonObject) -> FunctionTool | HostedTool:
    if tool.get("type", "function") != "function":
        return hosted(tool["type"], tool.get("parameters", {}))
    function = tool["function"]
    for name in tool.keys() - {"type", "function", "cache_control"}:
        raise NotExpressibleError(f"`{name}` of a tool")
    parameters = function.get("parameters")
    return FunctionTool(
        name=function["name"],
        description=function.get("description", ""),
        parameters_json_schema="" if parameters is None else json.dumps(parameters),
        strict=function.get("strict"),
        cache=_cache(tool.get("cache_control")),
    )


def _choice(choice: Any) -> ToolChoice | None:  # noqa: ANN401 - JSON
    if choice is None:
        return None
    if isinstance(choice, str):
        return ToolChoice(mode=said_by(_CHOICES, choice, "the choice of tools"))
    if "function" not in choice:
        raise NotExpressibleError("a choice among some of the tools")
    name = choice["function"]["name"]
    return ToolChoice(mode=ToolChoiceMode.FUNCTION, function_name=name)


def _format(wanted: JsonObject) -> JsonObjectFormat | JsonSchemaFormat | None:
    kind = wanted.get("type", "text")
    if kind == "text":
        return None
    if kind == "json_object" and "schema" not in wanted:
        return JsonObjectFormat()
    schema: Any = wanted.get("json_schema")
    if kind != "json_schema" or not isinstance(schema, dict) or "name" not in schema:
        raise NotExpressibleError(f"an answer of the format `{kind}` with a schema of its own kind")
    schema = cast("JsonObject", schema)
    return JsonSchemaFormat(
        name=schema["name"],
        json_schema=json.dumps(schema["schema"]),
        description=schema.get("description", ""),
        strict=schema.get("strict"),
    )


def _sampling(rest: JsonObject) -> Sampling:
    limit = rest.pop("max_completion_tokens", None)
    other = rest.pop("max_tokens", None)
    stop = rest.pop("stop", ())
    bias: JsonObject = rest.pop("logit_bias", {})
    return Sampling(
        temperature=rest.pop("temperature", None),
        top_p=rest.pop("top_p", None),
        top_k=rest.pop("top_k", None),
        min_p=rest.pop("min_p", None),
        frequency_penalty=rest.pop("frequency_penalty", None),
        presence_penalty=rest.pop("presence_penalty", None),
        seed=rest.pop("seed", None) or rest.pop("random_seed", None),
        stop_sequences=(stop,) if isinstance(stop, str) else tuple(stop),
        max_output_tokens=other if limit is None else limit,
        logit_bias={int(token): value for token, value in bias.items()},
    )


def _tier(tier: str | None) -> ServiceTier | None:
    if tier in {None, "auto"}:
        return None
    found: ServiceTier = said_by(_TIERS, tier or "", "the service tier")
    return found
