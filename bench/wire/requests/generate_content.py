"""Requests for Google's generateContent in the contract's words."""

from __future__ import annotations

import base64
import json
import re
from typing import Any, cast

from bench.wire.requests import Asked, JsonObject, NotExpressibleError, hosted, said_by
from bench.wire.requests.chat_thinking import EFFORTS
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import (
    FilePart,
    ImagePart,
    Modality,
    Part,
    TextPart,
    ThoughtPart,
    ToolCall,
    ToolResult,
)
from routersvc.domain.conversation.prompts import Prompt, Sampling, WireExtension
from routersvc.domain.conversation.reasoning import Reasoning, ReasoningVisibility
from routersvc.domain.conversation.response_formats import (
    JsonObjectFormat,
    JsonSchemaFormat,
    ResponseFormat,
)
from routersvc.domain.conversation.tools import FunctionTool, HostedTool, ToolChoice, ToolChoiceMode

_WORDS = re.compile(r"_([a-z])")
_MODEL = re.compile(r"/models/([^:?]+)")
_SCHEMA_KEYS = ("parameters", "responseSchema")


def model_at(url: str) -> str:
    """Return the model that an address names."""
    found = _MODEL.search(url)
    return "none" if found is None else found[1]


def call_of(body: JsonObject, *, streaming: bool) -> Asked:
    """Return what a request asks for.

    Raises:
        NotExpressibleError: the contract cannot say all of it.
    """
    return Asked(prompt=_prompt(plain(body, "")), streaming=streaming, model="")


def _usual(value: Any, key: str = "") -> Any:  # noqa: ANN401 - any JSON
    """Return a request to Google in the one of its equal spellings that is written here."""
    if isinstance(value, list):
        return [_usual(item) for item in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    if key in {"args", "response"}:
        return cast("JsonObject", value)
    fields: JsonObject = {
        _WORDS.sub(lambda m: m[1].upper(), name): item
        for name, item in cast("JsonObject", value).items()
    }
    made: JsonObject = {}
    for name, item in fields.items():
        if item is None or (name == "description" and item in {"", "None"}):
            continue
        if name in _SCHEMA_KEYS:
            made["parametersJsonSchema" if name == "parameters" else "responseJsonSchema"] = (
                _as_json_schema(item)
            )
        elif name.endswith("JsonSchema"):
            made[name] = item
        else:
            made[name] = _usual(item, name)
    return made


def _as_json_schema(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a schema of Google's older kind as JSON Schema: types in lower case."""
    if isinstance(value, list):
        return [_as_json_schema(item) for item in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    return {
        name: item.lower() if name == "type" and isinstance(item, str) else _as_json_schema(item)
        for name, item in cast("JsonObject", value).items()
    }


def plain(body: JsonObject, provider: str) -> JsonObject:
    """Return a request in usual spelling; one is recorded as its SDK was called."""
    del provider  # both doors take the same
    body = _usual(body)
    config = body.pop("config", None)
    if config is not None:
        body["tools"] = config.pop("tools", [])
        body["generationConfig"] = config
    body.pop("model", None)
    for name in ("tools",):
        if isinstance(body.get(name), dict):
            body[name] = [body[name]]
    if not body.get("tools"):
        body.pop("tools", None)
    instruction = body.get("systemInstruction")
    if instruction is not None:
        parts: Any = instruction["parts"]
        body["systemInstruction"] = {"parts": parts if isinstance(parts, list) else [parts]}
    generation: JsonObject = body.get("generationConfig") or {}
    generation.pop("candidateCount", None)  # one is what there always is
    if generation.get("responseMimeType") == "text/plain":
        del generation["responseMimeType"]
    thinking: JsonObject = generation.get("thinkingConfig") or {}
    body["contents"] = _one_turn_each(body["contents"])
    if "thinkingLevel" in thinking:
        thinking["thinkingLevel"] = str(thinking["thinkingLevel"]).upper()
    if generation:
        body["generationConfig"] = generation
    else:
        body.pop("generationConfig", None)
    return body


def _one_turn_each(contents: list[JsonObject]) -> list[JsonObject]:
    """Return a conversation in which neighbours of one role are one turn, as Google takes them."""
    found: list[JsonObject] = []
    for content in contents:
        if found and found[-1].get("role") == content.get("role"):
            found[-1] = {**found[-1], "parts": [*found[-1]["parts"], *content["parts"]]}
        else:
            found.append(content)
    return found


def _prompt(body: JsonObject) -> Prompt:
    generation: JsonObject = body.get("generationConfig") or {}
    messages: list[Message] = []
    if "systemInstruction" in body:
        texts = [TextPart(text=part["text"]) for part in body["systemInstruction"]["parts"]]
        messages.append(Message(role=Role.SYSTEM, parts=tuple(texts)))
    calls: list[tuple[str, str]] = []
    for place, content in enumerate(body["contents"]):
        messages += _messages(content, place, calls)
    tools: list[FunctionTool | HostedTool] = []
    for tool in body.get("tools") or ():
        for name, value in cast("JsonObject", tool).items():
            if name == "functionDeclarations":
                tools += [_tool(declaration) for declaration in value]
            else:
                tools.append(hosted(_HOSTED.get(name, name), value))
    calling = body.get("toolConfig", {}).get("functionCallingConfig")
    thinking: JsonObject = generation.get("thinkingConfig") or {}
    level = thinking.get("thinkingLevel")
    shows: bool | None = thinking.get("includeThoughts")
    known = {
        "temperature", "topP", "topK", "maxOutputTokens", "stopSequences", "seed",
        "responseMimeType", "responseJsonSchema", "responseModalities", "responseLogprobs",
        "logprobs", "thinkingConfig",
    }  # fmt: skip
    extra: JsonObject = {
        name: value
        for name, value in body.items()
        if name not in {"contents", "systemInstruction", "tools", "toolConfig", "generationConfig"}
    }
    more = {name: value for name, value in generation.items() if name not in known}
    if more:
        extra["generationConfig"] = more
    return Prompt(
        messages=tuple(messages),
        tools=tuple(tools),
        tool_choice=None if calling is None else _choice(calling),
        response_format=_format(generation),
        sampling=Sampling(
            temperature=generation.get("temperature"),
            top_p=generation.get("topP"),
            top_k=generation.get("topK"),
            seed=generation.get("seed"),
            stop_sequences=tuple(generation.get("stopSequences") or ()),
            max_output_tokens=generation.get("maxOutputTokens"),
        ),
        reasoning=Reasoning(
            effort=None if level is None else said_by(EFFORTS, level.lower(), "the effort"),
            max_tokens=thinking.get("thinkingBudget"),
            visibility=None
            if shows is None
            else (ReasoningVisibility.FULL if shows else ReasoningVisibility.HIDDEN),
        ),
        output_modalities=tuple(
            Modality(word.lower()) for word in generation.get("responseModalities") or ()
        ),
        logprobs=generation.get("logprobs") if generation.get("responseLogprobs") else None,
        wire_extensions=(WireExtension(wire_format="gemini", fields_json=json.dumps(extra)),)
        if extra
        else (),
    )


_HOSTED = {
    "codeExecution": "code_execution",
    "fileSearch": "file_search",
    "googleMaps": "google_maps",
    "googleSearch": "web_search",
    "urlContext": "web_fetch",
}


def _tool(declaration: JsonObject) -> FunctionTool:
    """Return a function as the contract has it."""
    schema = declaration.get("parametersJsonSchema")
    return FunctionTool(
        name=declaration["name"],
        description=declaration.get("description") or "",
        parameters_json_schema="" if schema is None else json.dumps(schema),
    )


def _choice(calling: JsonObject) -> ToolChoice:
    """Return a mode of calling."""
    names: list[str] = calling.get("allowedFunctionNames") or []
    if len(names) == 1:
        return ToolChoice(mode=ToolChoiceMode.FUNCTION, function_name=names[0])
    modes = {"AUTO": ToolChoiceMode.AUTO, "ANY": ToolChoiceMode.REQUIRED}
    return ToolChoice(mode=modes[calling["mode"]])


def _format(generation: JsonObject) -> ResponseFormat | None:
    """Return the shape of the answer."""
    if generation.get("responseMimeType") != "application/json":
        return None
    schema = generation.get("responseJsonSchema")
    if schema is None:
        return JsonObjectFormat()
    return JsonSchemaFormat(name="answer", json_schema=json.dumps(schema))


def _messages(content: JsonObject, place: int, calls: list[tuple[str, str]]) -> list[Message]:
    """Return a turn: what tools returned, then what else was said.

    Calls without an id get one, as the router gives them.
    """
    roles = {"user": Role.USER, "model": Role.ASSISTANT}
    if content["role"] not in roles:
        raise NotExpressibleError("a role that does not exist")
    parts: list[Part] = []
    results: list[ToolResult] = []
    for part in content["parts"]:
        if "functionResponse" in part:
            results.append(_result(part["functionResponse"], calls))
        else:
            parts += _part(part, f"{place}-{len(parts)}", calls)
    found: list[Message] = []
    if results:
        found.append(Message(role=Role.TOOL, parts=tuple(results)))
    if parts or not results:
        found.append(Message(role=roles[content["role"]], parts=tuple(parts)))
    return found


def _part(part: JsonObject, call_id: str, calls: list[tuple[str, str]]) -> list[Part]:
    """Return a part as the contract has it, with the signature where the router puts it."""
    signature: str = part.get("thoughtSignature") or ""
    if "functionCall" in part:
        call = part["functionCall"]
        call_id = call.get("id") or call_id
        calls.append((call_id, call["name"]))
        return [
            ToolCall(
                call_id=call_id,
                name=call["name"],
                arguments_json=json.dumps(call.get("args") or {}),
                signature=signature.encode(),
            )
        ]
    if part.get("thought"):
        return [ThoughtPart(text=part.get("text") or "", signature=signature.encode())]
    if "text" in part:
        text: list[Part] = [TextPart(text=part["text"])]
        return [ThoughtPart(signature=f"text:{signature}".encode()), *text] if signature else text
    if "inlineData" in part:
        data = base64.b64decode(part["inlineData"]["data"])
        return [_media(part["inlineData"]["mimeType"], data=data)]
    if "fileData" in part:
        media = part["fileData"]
        return [_media(media["mimeType"], url=media["fileUri"])]
    raise NotExpressibleError("a part of a tool that the vendor runs")


def _media(media_type: str, *, data: bytes | None = None, url: str | None = None) -> Part:
    """Return a picture or a document; sound and films are documents here, their bytes the same."""
    if media_type.startswith("image/") and (url is None or url.startswith("https:")):
        return ImagePart(data=data, url=url, media_type=media_type)
    return FilePart(data=data, file_id=url, media_type=media_type)


def _result(response: JsonObject, calls: list[tuple[str, str]]) -> ToolResult:
    """Return a result for the first unanswered call of that name."""
    call_id = response.get("id")
    if call_id is None:
        call_id = next(known for known, name in calls if name == response["name"])
        calls.remove((call_id, response["name"]))
    parts: list[TextPart | ImagePart | FilePart] = [TextPart(text=json.dumps(response["response"]))]
    for part in response.get("parts") or ():
        media = _media(part["fileData"]["mimeType"], url=part["fileData"]["fileUri"])
        parts.append(cast("ImagePart | FilePart", media))
    return ToolResult(call_id=call_id, parts=tuple(parts))


def without_new(encoded: JsonObject, recorded: JsonObject) -> JsonObject:
    """Return a request written here without the ids that the record does not have."""
    for ours, theirs in zip(encoded["contents"], recorded["contents"], strict=True):
        for part, there in zip(ours["parts"], theirs["parts"], strict=True):
            for kind in ("functionCall", "functionResponse"):
                if kind in part and "id" not in there.get(kind, {}):
                    part[kind].pop("id", None)
    return encoded
