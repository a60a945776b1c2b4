"""Writes the conversation as the `messages` of a chat completions request."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence

import orjson

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import (
    AudioPart,
    CacheLifetime,
    FilePart,
    ImagePart,
    RefusalPart,
    TextPart,
    ThoughtPart,
    ToolCall,
    ToolResult,
)
from routersvc.providers.formats.openai_chat.dialects import (
    CacheMarkerForm,
    FileForm,
    OpenAiDialect,
    PrefillForm,
    ThoughtForm,
)
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.writing.data_urls import data_url
from routersvc.providers.writing.function_tools import FAILED_TOOL_PREFIX
from routersvc.providers.writing.part_kinds import kind_of
from routersvc.providers.writing.turns import CACHE_LIFETIMES


def encode_messages(messages: Sequence[Message], dialect: OpenAiDialect) -> list[JsonObject]:
    """Return the messages of a request in order; a tool turn becomes one message per result.

    Raises:
        AttemptFailedError: the dialect cannot express a part.
    """
    encoded: list[JsonObject] = []
    for message in messages:
        if message.role is Role.TOOL:
            encoded.extend(_tool_messages(message, dialect))
        elif message.role is Role.ASSISTANT:
            encoded.append(_assistant_message(message, dialect))
        else:
            encoded.append(_asking_message(message, dialect))
    if messages[-1].role is Role.ASSISTANT:
        _mark_prefill(encoded[-1], dialect)
    return encoded


def _asking_message(message: Message, dialect: OpenAiDialect) -> JsonObject:
    role = message.role
    if role is Role.DEVELOPER and not dialect.developer_role:
        role = Role.SYSTEM
    takes_media = role is Role.USER
    content: list[JsonObject] = []
    for part in message.parts:
        match part:
            case TextPart():
                content.append(_text(part, dialect))
            case ImagePart() if takes_media:
                content.append(_image(part, dialect))
            case AudioPart() if takes_media:
                content.append(_audio(part, dialect))
            case FilePart() if takes_media:
                content.append(_file(part, dialect))
            case _:
                raise dialect.cannot_express(f"{kind_of(part)} in a {role.value} message")
    encoded: JsonObject = {"role": role.value, "content": _shortest(content)}
    _add_name(encoded, message, dialect)
    return encoded


def _assistant_message(message: Message, dialect: OpenAiDialect) -> JsonObject:
    content: list[JsonObject] = []
    calls: list[JsonObject] = []
    thoughts: list[ThoughtPart] = []
    refusals: list[str] = []
    for part in message.parts:
        match part:
            case TextPart():
                content.append(_text(part, dialect))
            case ToolCall():
                calls.append(_tool_call(part, dialect))
            case ThoughtPart():
                thoughts.append(part)
            case RefusalPart(cache=None) if dialect.refusal_field:
                refusals.append(part.text)
            case RefusalPart():
                content.append(_text(TextPart(text=part.text, cache=part.cache), dialect))
            case _:
                raise dialect.cannot_express(f"{kind_of(part)} in an assistant message")
    encoded: JsonObject = {"role": "assistant"}
    if thoughts:
        content = _add_thoughts(encoded, thoughts, content, dialect)
    if content:
        encoded["content"] = _shortest(content)
    elif not calls and not refusals:
        encoded["content"] = ""
    if refusals:
        encoded["refusal"] = "".join(refusals)
    if calls:
        encoded["tool_calls"] = calls
    _add_name(encoded, message, dialect)
    return encoded


def _tool_messages(message: Message, dialect: OpenAiDialect) -> Iterator[JsonObject]:
    if message.name:
        raise dialect.cannot_express("a participant's name in a tool message")
    for part in message.parts:
        if not isinstance(part, ToolResult):
            raise dialect.cannot_express(f"{kind_of(part)} in a tool message")
        content: list[JsonObject] = []
        for piece in part.parts:
            match piece:
                case TextPart():
                    content.append(_text(piece, dialect))
                case ImagePart() if dialect.images_in_tool_results:
                    content.append(_image(piece, dialect))
                case _:
                    raise dialect.cannot_express(f"{kind_of(piece)} in a tool's result")
        if part.is_error:
            if content and content[0]["type"] == "text":
                content[0]["text"] = FAILED_TOOL_PREFIX + content[0]["text"]
            else:
                content.insert(0, {"type": "text", "text": FAILED_TOOL_PREFIX})
        if part.cache is not None:
            if not content:
                raise dialect.cannot_express("a cache marker on an empty tool's result")
            _mark_cache(content[-1], part.cache, dialect)
        yield {"role": "tool", "tool_call_id": part.call_id, "content": _shortest(content)}


def _tool_call(call: ToolCall, dialect: OpenAiDialect) -> JsonObject:
    if call.signature:
        raise dialect.cannot_express("the signature of a tool call")
    encoded: JsonObject = {
        "id": call.call_id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments_json},
    }
    return mark_tool(encoded, call.cache, dialect, "a tool call")


def _text(part: TextPart, dialect: OpenAiDialect) -> JsonObject:
    return _mark_cache({"type": "text", "text": part.text}, part.cache, dialect)


def _image(part: ImagePart, dialect: OpenAiDialect) -> JsonObject:
    dialect.require(Capability.IMAGE_INPUT, "a picture")
    if part.url is not None:
        if not dialect.image_addresses and not part.url.startswith("data:"):
            raise dialect.cannot_express("a picture by its address")
        url = part.url
    else:
        url = data_url(part.data, part.media_type)
    image: JsonObject = {"url": url}
    if part.detail is not None:
        image["detail"] = part.detail.value
    return _mark_cache({"type": "image_url", "image_url": image}, part.cache, dialect)


def _audio(part: AudioPart, dialect: OpenAiDialect) -> JsonObject:
    """Write a recording; its transcript is left out, because the sound holds it."""
    dialect.require(Capability.AUDIO_INPUT, "sound")
    audio_format = dialect.audio_formats.get(part.media_type.lower())
    if audio_format is None:
        raise dialect.cannot_express(f"sound of the type `{part.media_type}`")
    audio = {"data": base64.b64encode(part.data).decode("ascii"), "format": audio_format}
    return _mark_cache({"type": "input_audio", "input_audio": audio}, part.cache, dialect)


def _file(part: FilePart, dialect: OpenAiDialect) -> JsonObject:
    form = dialect.file_form
    if form is FileForm.NONE:
        raise dialect.cannot_express("a document")
    if form is FileForm.DOCUMENT_URL:
        if part.file_id is not None:
            encoded: JsonObject = {"type": "file", "file_id": part.file_id}
        else:
            url = part.url if part.url is not None else data_url(part.data, part.media_type)
            encoded = {"type": "document_url", "document_url": url}
            if part.name:
                encoded["document_name"] = part.name
        return _mark_cache(encoded, part.cache, dialect)
    file: JsonObject = {}
    if part.file_id is not None:
        file["file_id"] = part.file_id
    else:
        if part.url is None:
            file["file_data"] = data_url(part.data, part.media_type)
        elif form is FileForm.FILE_OR_URL:
            file["file_data"] = part.url
        else:
            raise dialect.cannot_express("a document by its address")
        file["filename"] = part.name or "document"
    return _mark_cache({"type": "file", "file": file}, part.cache, dialect)


def _add_thoughts(
    encoded: JsonObject,
    thoughts: Sequence[ThoughtPart],
    content: list[JsonObject],
    dialect: OpenAiDialect,
) -> list[JsonObject]:
    """Add earlier thoughts where the dialect puts them, and return the message's content."""
    if any(thought.cache is not None for thought in thoughts):
        raise dialect.cannot_express("a cache marker on a thought")
    if dialect.thought_form is ThoughtForm.REASONING_DETAILS:
        encoded["reasoning_details"] = [_detail(thought, dialect) for thought in thoughts]
        return content
    if any(thought.signature or thought.encrypted for thought in thoughts):
        raise dialect.cannot_express("a signed or encrypted thought")
    match dialect.thought_form:
        case ThoughtForm.REASONING:
            encoded["reasoning"] = _joined(thoughts)
        case ThoughtForm.REASONING_CONTENT:
            encoded["reasoning_content"] = _joined(thoughts)
        case ThoughtForm.CONTENT_CHUNKS:
            chunk = {"type": "text", "text": _joined(thoughts)}
            return [{"type": "thinking", "thinking": [chunk]}, *content]
        case ThoughtForm.NONE:
            raise dialect.cannot_express("earlier thoughts of the model")
    return content


def _joined(thoughts: Iterable[ThoughtPart]) -> str:
    return "".join(thought.text for thought in thoughts)


def _detail(thought: ThoughtPart, dialect: OpenAiDialect) -> JsonObject:
    """Write a thought as the vendor gave it: its signature holds all of it but the text."""
    proof = thought.signature or thought.encrypted
    if not proof:
        return {"type": "reasoning.text", "text": thought.text}
    try:
        detail: object = orjson.loads(proof)
    except orjson.JSONDecodeError:
        detail = None
    if not isinstance(detail, dict) or "type" not in detail:
        raise dialect.cannot_express("a thought that another provider signed")
    if thought.text:
        key = "summary" if detail["type"] == "reasoning.summary" else "text"
        return {**detail, key: thought.text}
    return {**detail}


def _mark_prefill(encoded: JsonObject, dialect: OpenAiDialect) -> None:
    match dialect.prefill_form:
        case PrefillForm.PREFIX_FLAG:
            encoded["prefix"] = True
        case PrefillForm.PARTIAL_FLAG:
            encoded["partial"] = True
        case PrefillForm.PLAIN | PrefillForm.CONTINUE_FLAG:
            pass
        case PrefillForm.NONE:
            raise dialect.cannot_express("the beginning of the answer")


def mark_tool(
    tool: JsonObject, lifetime: CacheLifetime | None, dialect: OpenAiDialect, what: str
) -> JsonObject:
    """Return a tool, or a call of one, with its cache marker, if it has one.

    Raises:
        AttemptFailedError: the vendor takes none there.
    """
    if lifetime is not None and dialect.cache_marker_form is not CacheMarkerForm.CACHE_CONTROL:
        raise dialect.cannot_express(f"a cache marker on {what}")
    return _mark_cache(tool, lifetime, dialect)


def _mark_cache(
    part: JsonObject, lifetime: CacheLifetime | None, dialect: OpenAiDialect
) -> JsonObject:
    if lifetime is None:
        return part
    match dialect.cache_marker_form:
        case CacheMarkerForm.CACHE_CONTROL:
            ttl = CACHE_LIFETIMES[lifetime]
            marker: JsonObject = {"type": "ephemeral"}
            if ttl is not None:
                marker["ttl"] = ttl
            part["cache_control"] = marker
        case CacheMarkerForm.BREAKPOINT if lifetime is CacheLifetime.DEFAULT:
            part["prompt_cache_breakpoint"] = {"mode": "explicit"}
        case CacheMarkerForm.BREAKPOINT:
            raise dialect.cannot_express(f"a cache marker with the lifetime `{lifetime.value}`")
        case CacheMarkerForm.NONE:
            raise dialect.cannot_express("a cache marker")
    return part


def _shortest(content: list[JsonObject]) -> str | list[JsonObject]:
    """Return plain text where text is all there is: every vendor takes that."""
    if all(part["type"] == "text" and len(part) == 2 for part in content):  # noqa: PLR2004 - type and text
        if len(content) == 1:
            text: str = content[0]["text"]
            return text
        if not content:
            return ""
    return content


def _add_name(encoded: JsonObject, message: Message, dialect: OpenAiDialect) -> None:
    if message.name:
        if not dialect.participant_names:
            raise dialect.cannot_express("a participant's name")
        encoded["name"] = message.name
