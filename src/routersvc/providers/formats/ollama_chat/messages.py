"""Writes the conversation as the `messages` of Ollama's chat.

A message is one text and a list of images: several texts are joined, and images lose their position
among them, because the format has no place for it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence

from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import (
    ImagePart,
    RefusalPart,
    TextPart,
    ThoughtPart,
    ToolCall,
    ToolResult,
)
from routersvc.providers.formats.ollama_chat.dialects import DIALECT
from routersvc.providers.reading.json_values import JsonObject, object_in
from routersvc.providers.writing.call_ids import ANY_CALL_ID, with_sound_call_ids
from routersvc.providers.writing.function_tools import FAILED_TOOL_PREFIX
from routersvc.providers.writing.part_kinds import kind_of
from routersvc.providers.writing.turns import refuse_names_and_cache_markers, refuse_prefill

_ROLES = {
    Role.SYSTEM: "system",
    Role.DEVELOPER: "system",
    Role.USER: "user",
    Role.ASSISTANT: "assistant",
}


def encode_messages(messages: Sequence[Message]) -> list[JsonObject]:
    """Return the messages of a request in order; a tool turn becomes one message per result.

    Raises:
        AttemptFailedError: the format cannot express a part.
    """
    refuse_prefill(messages, DIALECT)
    encoded: list[JsonObject] = []
    names: dict[str, str] = {}
    for message in with_sound_call_ids(messages, ANY_CALL_ID):
        refuse_names_and_cache_markers(message, DIALECT)
        if message.role is Role.TOOL:
            encoded.extend(_tool_messages(message, names))
        else:
            names |= {
                part.call_id: part.name for part in message.parts if isinstance(part, ToolCall)
            }
            encoded.append(_message(message))
    return encoded


def _message(message: Message) -> JsonObject:
    texts: list[str] = []
    images: list[str] = []
    thoughts: list[str] = []
    calls: list[JsonObject] = []
    answers = message.role is Role.ASSISTANT
    for part in message.parts:
        match part:
            case TextPart():
                texts.append(part.text)
            case RefusalPart() if answers:
                texts.append(part.text)
            case ImagePart() if not answers:
                images.append(_image(part))
            case ThoughtPart() if answers:
                if part.text:
                    thoughts.append(part.text)
            case ToolCall() if answers:
                calls.append(_tool_call(part))
            case _:
                article = "an" if answers else "a"
                raise DIALECT.cannot_express(
                    f"{kind_of(part)} in {article} {message.role.value} message"
                )
    encoded: JsonObject = {"role": _ROLES[message.role], "content": "".join(texts)}
    if images:
        encoded["images"] = images
    if thoughts:
        encoded["thinking"] = "".join(thoughts)
    if calls:
        encoded["tool_calls"] = calls
    return encoded


def _tool_call(call: ToolCall) -> JsonObject:
    arguments = object_in(call.arguments_json or "{}", f"tool_call[{call.name}].arguments_json")
    return {"id": call.call_id, "function": {"name": call.name, "arguments": arguments}}


def _tool_messages(message: Message, names: Mapping[str, str]) -> Iterator[JsonObject]:
    for part in message.parts:
        if not isinstance(part, ToolResult):
            raise DIALECT.cannot_express(f"{kind_of(part)} in a tool message")
        texts: list[str] = [FAILED_TOOL_PREFIX] if part.is_error else []
        images: list[str] = []
        for piece in part.parts:
            if piece.cache is not None:
                raise DIALECT.cannot_express("a cache marker")
            match piece:
                case TextPart():
                    texts.append(piece.text)
                case ImagePart():
                    images.append(_image(piece))
                case _:
                    raise DIALECT.cannot_express(f"{kind_of(piece)} in a tool's result")
        encoded: JsonObject = {
            "role": "tool",
            "content": "".join(texts),
            "tool_call_id": part.call_id,
        }
        if part.call_id in names:
            encoded["tool_name"] = names[part.call_id]
        if images:
            encoded["images"] = images
        yield encoded


def _image(image: ImagePart) -> str:
    """Return a picture in base64, which is all that the format takes."""
    if image.detail is not None:
        raise DIALECT.cannot_express("how closely to look at a picture")
    if image.url is None:
        return base64.b64encode(image.data or b"").decode("ascii")
    header, _, data = image.url.partition(",")
    if not header.startswith("data:") or not header.endswith(";base64"):
        raise DIALECT.cannot_express("a picture by its address")
    return data
