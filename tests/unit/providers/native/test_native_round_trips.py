"""Recorded requests, said in the contract's words and written again: nothing gets lost.

What the contract has no words for is refused by name in `INEXPRESSIBLE`, with its reason.
"""

from __future__ import annotations

import base64
import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from routersvc.domain.catalogue import Deployment, Model, Provider
from routersvc.domain.prompts import (
    File,
    FunctionTool,
    Image,
    ImageDetail,
    JsonObjectFormat,
    JsonSchemaFormat,
    Message,
    Modality,
    Part,
    Prompt,
    Reasoning,
    ReasoningEffort,
    ReasoningVisibility,
    ResponseFormat,
    Role,
    Sampling,
    Text,
    Thought,
    ToolCall,
    ToolChoice,
    ToolChoiceMode,
    ToolResult,
    WireExtension,
)
from routersvc.engine.ports import AttemptCall

if TYPE_CHECKING:
    from tests.unit.providers.native.conftest import NativeRecording, ReadNative

JsonObject = dict[str, Any]

_WORDS = re.compile(r"_([a-z])")


class InexpressibleError(Exception):
    """The contract has no words for something in a recorded request."""


# ---- Google -------------------------------------------------------------------------------------

_SCHEMA_KEYS = ("parameters", "responseSchema")


def usual(value: Any, key: str = "") -> Any:  # noqa: ANN401 - any JSON
    """Return a request to Google in the one of its equal spellings that is written here."""
    if isinstance(value, list):
        return [usual(item) for item in cast("list[object]", value)]
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
                as_json_schema(item)
            )
        elif name.endswith("JsonSchema"):
            made[name] = item
        else:
            made[name] = usual(item, name)
    return made


def as_json_schema(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a schema of Google's older kind as JSON Schema: types in lower case."""
    if isinstance(value, list):
        return [as_json_schema(item) for item in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    return {
        name: item.lower() if name == "type" and isinstance(item, str) else as_json_schema(item)
        for name, item in cast("JsonObject", value).items()
    }


def google_body(recording: NativeRecording) -> JsonObject:
    """Return a recorded request in usual spelling; one is recorded as its SDK was called."""
    body: JsonObject = usual(recording.request)
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
    if "thinkingLevel" in thinking:
        thinking["thinkingLevel"] = str(thinking["thinkingLevel"]).upper()
    if generation:
        body["generationConfig"] = generation
    else:
        body.pop("generationConfig", None)
    return body


def google_prompt(body: JsonObject) -> Prompt:
    """Return what a request in usual spelling asks for."""
    generation: JsonObject = body.get("generationConfig") or {}
    messages: list[Message] = []
    if "systemInstruction" in body:
        texts = [Text(text=part["text"]) for part in body["systemInstruction"]["parts"]]
        messages.append(Message(role=Role.SYSTEM, parts=tuple(texts)))
    calls: list[tuple[str, str]] = []
    for place, content in enumerate(body["contents"]):
        messages.append(google_message(content, place, calls))
    tools: list[FunctionTool] = []
    for tool in body.get("tools") or ():
        if tool.keys() - {"functionDeclarations"}:
            raise InexpressibleError("a tool that the vendor runs")
        tools += [google_tool(declaration) for declaration in tool["functionDeclarations"]]
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
        tool_choice=None if calling is None else google_choice(calling),
        response_format=google_format(generation),
        sampling=Sampling(
            temperature=generation.get("temperature"),
            top_p=generation.get("topP"),
            top_k=generation.get("topK"),
            seed=generation.get("seed"),
            stop_sequences=tuple(generation.get("stopSequences") or ()),
            max_output_tokens=generation.get("maxOutputTokens"),
        ),
        reasoning=Reasoning(
            effort=None if level is None else ReasoningEffort(level.lower()),
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


def google_tool(declaration: JsonObject) -> FunctionTool:
    """Return a function as the contract has it."""
    schema = declaration.get("parametersJsonSchema")
    return FunctionTool(
        name=declaration["name"],
        description=declaration.get("description") or "",
        parameters_json_schema="" if schema is None else json.dumps(schema),
    )


def google_choice(calling: JsonObject) -> ToolChoice:
    """Return a mode of calling."""
    names: list[str] = calling.get("allowedFunctionNames") or []
    if len(names) == 1:
        return ToolChoice(mode=ToolChoiceMode.FUNCTION, function_name=names[0])
    modes = {"AUTO": ToolChoiceMode.AUTO, "ANY": ToolChoiceMode.REQUIRED}
    return ToolChoice(mode=modes[calling["mode"]])


def google_format(generation: JsonObject) -> ResponseFormat | None:
    """Return the shape of the answer."""
    if generation.get("responseMimeType") != "application/json":
        return None
    schema = generation.get("responseJsonSchema")
    if schema is None:
        return JsonObjectFormat()
    return JsonSchemaFormat(name="answer", json_schema=json.dumps(schema))


def google_message(content: JsonObject, place: int, calls: list[tuple[str, str]]) -> Message:
    """Return a turn. Calls without an id get one, as the router gives them."""
    roles = {"user": Role.USER, "model": Role.ASSISTANT}
    if content["role"] not in roles:
        raise InexpressibleError("a role that does not exist")
    parts: list[Part] = []
    results: list[ToolResult] = []
    for part in content["parts"]:
        if "functionResponse" in part:
            results.append(google_result(part["functionResponse"], calls))
        else:
            parts += google_part(part, f"{place}-{len(parts)}", calls)
    if results and parts:
        raise InexpressibleError("results and other parts in one turn")
    if results:
        return Message(role=Role.TOOL, parts=tuple(results))
    return Message(role=roles[content["role"]], parts=tuple(parts))


def google_part(part: JsonObject, call_id: str, calls: list[tuple[str, str]]) -> list[Part]:
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
        return [Thought(text=part.get("text") or "", signature=signature.encode())]
    if "text" in part:
        text: list[Part] = [Text(text=part["text"])]
        return [Thought(signature=f"text:{signature}".encode()), *text] if signature else text
    if "inlineData" in part:
        data = base64.b64decode(part["inlineData"]["data"])
        return [google_media(part["inlineData"]["mimeType"], data=data)]
    if "fileData" in part:
        media = part["fileData"]
        return [google_media(media["mimeType"], url=media["fileUri"])]
    raise InexpressibleError("a part of a tool that the vendor runs")


def google_media(media_type: str, *, data: bytes | None = None, url: str | None = None) -> Part:
    """Return a picture or a document; sound and films are documents here, their bytes the same."""
    if media_type.startswith("image/") and (url is None or url.startswith("https:")):
        return Image(data=data, url=url, media_type=media_type)
    return File(data=data, file_id=url, media_type=media_type)


def google_result(response: JsonObject, calls: list[tuple[str, str]]) -> ToolResult:
    """Return a result for the first unanswered call of that name."""
    call_id = response.get("id")
    if call_id is None:
        call_id = next(known for known, name in calls if name == response["name"])
        calls.remove((call_id, response["name"]))
    parts: list[Text | Image | File] = [Text(text=json.dumps(response["response"]))]
    for part in response.get("parts") or ():
        media = google_media(part["fileData"]["mimeType"], url=part["fileData"]["fileUri"])
        assert isinstance(media, Image | File)
        parts.append(media)
    return ToolResult(call_id=call_id, parts=tuple(parts))


def without_given_ids(encoded: JsonObject, recorded: JsonObject) -> JsonObject:
    """Return a request without the ids that the record does not have."""
    for ours, theirs in zip(encoded["contents"], recorded["contents"], strict=True):
        for part, there in zip(ours["parts"], theirs["parts"], strict=True):
            for kind in ("functionCall", "functionResponse"):
                if kind in part and "id" not in there.get(kind, {}):
                    part[kind].pop("id", None)
    return encoded


# ---- Cohere -------------------------------------------------------------------------------------


def cohere_prompt(body: JsonObject) -> Prompt:
    """Return what a request to Cohere asks for."""
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
        messages=tuple(map(cohere_message, body["messages"])),
        tools=openai_tools(body),
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


def openai_tools(body: JsonObject) -> tuple[FunctionTool, ...]:
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


def cohere_message(message: JsonObject) -> Message:
    """Return a turn of a conversation with Cohere."""
    parts: list[Part] = []
    if message.get("tool_plan"):
        parts.append(Thought(text=message["tool_plan"]))
    content: Any = message.get("content") or ()
    items: Iterable[JsonObject] = (
        ({"type": "text", "text": content},) if isinstance(content, str) else content
    )
    for item in items:
        match item["type"]:
            case "text":
                parts.append(Text(text=item["text"]))
            case "thinking":
                parts.append(Thought(text=item["thinking"]))
            case "image_url":
                detail = item["image_url"].get("detail")
                parts.append(
                    Image(
                        url=item["image_url"]["url"],
                        detail=None if detail is None else ImageDetail(detail),
                    )
                )
            case kind:
                raise InexpressibleError(f"a {kind} as a tool's result")
    if message["role"] == "tool":
        texts = [part for part in parts if isinstance(part, Text)]
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


def cohere_body(recording: NativeRecording) -> JsonObject:
    """Return a recorded request with one text where a list has only one, as it is written here."""
    body: JsonObject = json.loads(json.dumps(recording.request))
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
    return {name: value for name, value in body.items() if value is not None}


# ---- Ollama -------------------------------------------------------------------------------------


def ollama_prompt(body: JsonObject) -> Prompt:
    """Return what a request to Ollama asks for."""
    messages: list[Message] = []
    names: list[str] = []
    for place, message in enumerate(body["messages"]):
        if message["role"] == "tool":
            result = ToolResult(call_id=names.pop(0), parts=(Text(text=message["content"]),))
            messages.append(Message(role=Role.TOOL, parts=(result,)))
            continue
        parts: list[Part] = [Text(text=message["content"])] if message.get("content") else []
        parts += [
            Image(data=base64.b64decode(image), media_type="image/png")
            for image in message.get("images") or ()
        ]
        for call in message.get("tool_calls") or ():
            function = call["function"]
            names.append(f"call-{place}")
            parts.append(
                ToolCall(
                    call_id=names[-1],
                    name=function["name"],
                    arguments_json=json.dumps(function["arguments"]),
                )
            )
        messages.append(Message(role=Role(message["role"]), parts=tuple(parts)))
    options: JsonObject = body.get("options") or {}
    more = {name: options[name] for name in options.keys() - {"temperature", "seed"}}
    return Prompt(
        messages=tuple(messages),
        response_format=JsonObjectFormat() if body.get("format") == "json" else None,
        sampling=Sampling(temperature=options.get("temperature"), seed=options.get("seed")),
        wire_extensions=(
            WireExtension(wire_format="ollama_chat", fields_json=json.dumps({"options": more})),
        )
        if more
        else (),
    )


def ollama_body(recording: NativeRecording) -> JsonObject:
    """Return a recorded request without what its client left empty."""
    body: JsonObject = json.loads(json.dumps(recording.request))
    # A field of no effect: Ollama reads temperatures from `options` alone.
    body.pop("temperature", None)
    for message in body["messages"]:
        message.setdefault("content", "")
    return {name: value for name, value in body.items() if value not in (None, "", [], {})}


def without_new_fields(encoded: JsonObject, recorded: JsonObject) -> JsonObject:
    """Return a request without the ids and names that the client of the record did not know."""
    for ours, theirs in zip(encoded["messages"], recorded["messages"], strict=True):
        for name in ("tool_call_id", "tool_name"):
            if name not in theirs:
                ours.pop(name, None)
        for call in ours.get("tool_calls") or ():
            call.pop("id")
    return encoded


# ---- all ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def requests(shared: Path, native: ReadNative) -> Sequence[NativeRecording]:
    """Return every recorded exchange whose request is there to be read."""
    found: list[NativeRecording] = []
    with (shared / "wire/MANIFEST.csv").open(newline="") as manifest:
        for row in csv.DictReader(manifest):
            if row["api"] in {"generate_content", "chat_v2", "ollama_chat"}:
                recording = native(row["file"])
                if recording is not None and recording.request is not None:
                    found.append(recording)
    return found


def call_of(recording: NativeRecording, prompt: Prompt, model: str) -> AttemptCall:
    """Return the attempt that a recorded request would have been."""
    return AttemptCall(
        deployment=Deployment(
            name="any",
            provider=Provider(name="any", wire_format=recording.wire_format.name),
            model=Model(name="any", context_window=1),
            wire_model=model,
            credential="",
        ),
        prompt=prompt,
        streaming=recording.streaming,
        connect_timeout=1.0,
        timeout=1.0,
    )


def written_again(recording: NativeRecording) -> tuple[JsonObject, JsonObject]:
    """Return a request as it was recorded and as it is written here.

    Raises:
        InexpressibleError: the contract has no words for it.
    """
    if recording.provider == "cohere":
        recorded = cohere_body(recording)
        prompt, model = cohere_prompt(recorded), recorded["model"]
    elif recording.provider == "ollama":
        recorded = ollama_body(recording)
        prompt, model = ollama_prompt(recorded), recorded["model"]
    else:
        recorded = google_body(recording)
        prompt, model = google_prompt(recorded), recording.model
    wire = recording.wire_format.encode(call_of(recording, prompt, model))
    encoded: JsonObject = json.loads(wire.body)
    if recording.provider == "ollama":
        encoded = without_new_fields(encoded, recorded)
    elif recording.provider != "cohere":
        encoded = without_given_ids(encoded, recorded)
    return recorded, encoded


INEXPRESSIBLE: Mapping[str, int] = {
    "a tool that the vendor runs": 19,
    "a part of a tool that the vendor runs": 1,
    "a document as a tool's result": 6,
    "results and other parts in one turn": 2,
    "a role that does not exist": 1,
}
"""What recorded requests say that the contract has no words for, and how many do."""


def test_recorded_requests_are_written_as_they_were(requests: Sequence[NativeRecording]) -> None:
    """The contract says all that clients of these vendors say, and the encoder writes all of it."""
    different: list[tuple[str, object, object]] = []
    refused: Counter[str] = Counter()
    equal: Counter[str] = Counter()
    for recording in requests:
        try:
            recorded, encoded = written_again(recording)
        except InexpressibleError as error:
            refused[str(error)] += 1
            continue
        if encoded == recorded:
            equal[recording.provider] += 1
        different += [
            (recording.file, {name: encoded.get(name)}, recorded.get(name))
            for name in sorted(recorded.keys() | encoded.keys())
            if recorded.get(name) != encoded.get(name)
        ]

    assert different == []
    assert refused == INEXPRESSIBLE
    assert equal == {"gemini": 112, "vertex": 65, "cohere": 41, "ollama": 13}
