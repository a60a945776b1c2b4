"""Writes the conversation as the `messages` of Cohere's chat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import (
    FilePart,
    ImagePart,
    RefusalPart,
    TextPart,
    ThoughtPart,
    ToolCall,
    ToolResult,
)
from routersvc.providers.formats.cohere_chat.dialects import DIALECT
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.writing.call_ids import ANY_CALL_ID, with_sound_call_ids
from routersvc.providers.writing.data_urls import data_url
from routersvc.providers.writing.function_tools import FAILED_TOOL_PREFIX
from routersvc.providers.writing.part_kinds import kind_of
from routersvc.providers.writing.turns import (
    refuse_names_and_cache_markers,
    refuse_prefill,
    shortest_content,
)

_ROLES = {Role.SYSTEM: "system", Role.DEVELOPER: "system", Role.USER: "user"}


def encode_messages(messages: Sequence[Message]) -> list[JsonObject]:
    """Return the messages of a request in order; a tool turn becomes one message per result.

    Raises:
        AttemptFailedError: the format cannot express a part.
    """
    refuse_prefill(messages, DIALECT)
    encoded: list[JsonObject] = []
    for message in with_sound_call_ids(messages, ANY_CALL_ID):
        refuse_names_and_cache_markers(message, DIALECT)
        match message.role:
            case Role.ASSISTANT:
                encoded.append(_assistant_message(message))
            case Role.TOOL:
                encoded.extend(_tool_messages(message))
            case _:
                encoded.append(_asking_message(message))
    return encoded


def _asking_message(message: Message) -> JsonObject:
    role = _ROLES[message.role]
    content: list[JsonObject] = []
    for part in message.parts:
        match part:
            case TextPart():
                content.append({"type": "text", "text": part.text})
            case ImagePart() if message.role is Role.USER:
                content.append(_image(part))
            case FilePart() if message.role is Role.USER:
                # It stands beside the messages.
                pass
            case _:
                raise DIALECT.cannot_express(f"{kind_of(part)} in a {message.role.value} message")
    return {"role": role, "content": shortest_content(content)}


def _assistant_message(message: Message) -> JsonObject:
    """Return a turn of the model; thoughts before calls are what Cohere calls a plan."""
    content: list[JsonObject] = []
    thoughts: list[str] = []
    calls: list[JsonObject] = []
    for part in message.parts:
        match part:
            case TextPart() | RefusalPart():
                content.append({"type": "text", "text": part.text})
            case ThoughtPart():
                if part.text:
                    thoughts.append(part.text)
            case ToolCall():
                calls.append(_tool_call(part))
            case _:
                raise DIALECT.cannot_express(f"{kind_of(part)} in an assistant message")
    encoded: JsonObject = {"role": "assistant"}
    if calls:
        encoded["tool_calls"] = calls
        if thoughts:
            encoded["tool_plan"] = "".join(thoughts)
    elif thoughts:
        content.insert(0, {"type": "thinking", "thinking": "".join(thoughts)})
    if content or not calls:
        encoded["content"] = shortest_content(content)
    return encoded


def _tool_call(call: ToolCall) -> JsonObject:
    return {
        "id": call.call_id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments_json},
    }


def _tool_messages(message: Message) -> Iterator[JsonObject]:
    for part in message.parts:
        if not isinstance(part, ToolResult):
            raise DIALECT.cannot_express(f"{kind_of(part)} in a tool message")
        content: list[JsonObject] = []
        for piece in part.parts:
            if not isinstance(piece, TextPart):
                raise DIALECT.cannot_express(f"{kind_of(piece)} in a tool's result")
            if piece.cache is not None:
                raise DIALECT.cannot_express("a cache marker")
            content.append({"type": "text", "text": piece.text})
        if part.is_error:
            if content:
                content[0]["text"] = FAILED_TOOL_PREFIX + content[0]["text"]
            else:
                content.append({"type": "text", "text": FAILED_TOOL_PREFIX})
        yield {"role": "tool", "tool_call_id": part.call_id, "content": shortest_content(content)}


def _image(image: ImagePart) -> JsonObject:
    url = image.url
    if url is None:
        url = data_url(image.data, image.media_type)
    encoded: JsonObject = {"url": url}
    if image.detail is not None:
        encoded["detail"] = image.detail.value
    return {"type": "image_url", "image_url": encoded}
