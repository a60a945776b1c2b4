"""Writes the conversation as `system` and `messages`.

System messages at the beginning are the system prompt; later ones stay where they are, as words of
the user. Turns
alternate between user and assistant, so neighbouring messages of one side become one turn; tool
results belong to the user. A cache marker is a block of its own, after what it marks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import (
    AudioPart,
    CacheLifetime,
    FilePart,
    ImagePart,
    Part,
    RefusalPart,
    TextPart,
    ThoughtPart,
    ToolCall,
    ToolResult,
)
from routersvc.providers.formats.bedrock_converse.dialects import DIALECT
from routersvc.providers.formats.bedrock_converse.families import Family
from routersvc.providers.formats.bedrock_converse.media import (
    audio_block,
    document_block,
    image_block,
)
from routersvc.providers.formats.bedrock_converse.thoughts import thought_block
from routersvc.providers.reading.json_values import PARSED_UP_TO, JsonObject, object_in
from routersvc.providers.writing.call_ids import CLAUDE_CALL_ID, with_sound_call_ids
from routersvc.providers.writing.function_tools import FAILED_TOOL
from routersvc.providers.writing.part_kinds import kind_of
from routersvc.providers.writing.turns import (
    CACHE_LIFETIMES,
    is_blank,
    leading_system_messages,
)


def encode_messages(
    messages: Sequence[Message], family: Family
) -> tuple[list[JsonObject], list[JsonObject]]:
    """Return the blocks of the system prompt, and the turns, for a model of this family.

    Raises:
        AttemptFailedError: the format cannot express a part.
    """
    messages = with_sound_call_ids(messages, CLAUDE_CALL_ID)
    begin = leading_system_messages(messages)
    system = [block for message in messages[:begin] for block in _blocks(message, family)]
    turns: list[JsonObject] = []
    for message in messages[begin:]:
        role = _role(message.role)
        blocks = list(_blocks(message, family))
        if blocks and turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": role, "content": blocks})
    return system, turns


def _role(role: Role) -> str:
    return "assistant" if role is Role.ASSISTANT else "user"


def _blocks(message: Message, family: Family) -> Iterator[JsonObject]:
    if message.name:
        raise DIALECT.cannot_express("a participant's name")
    for part in message.parts:
        block = _block(part, message.role, family)
        if block is not None:
            yield block
        if part.cache is not None:
            yield cache_point(part.cache)


def _block(part: Part, role: Role, family: Family) -> JsonObject | None:
    match part:
        case TextPart() if role is not Role.TOOL:
            # The vendor refuses blank text.
            return None if is_blank(part) else {"text": part.text}
        case ImagePart() if role is Role.USER:
            return image_block(part)
        case AudioPart() if role is Role.USER:
            return audio_block(part)
        case FilePart() if role is Role.USER:
            return document_block(part)
        case ToolResult() if role is Role.TOOL:
            return _tool_result(part)
        case ToolCall() if role is Role.ASSISTANT:
            return _tool_call(part)
        case ThoughtPart() if role is Role.ASSISTANT:
            return thought_block(part, signed=family.is_claude)
        case RefusalPart() if role is Role.ASSISTANT:
            return {"text": part.text} if part.text.strip() else None
        case _:
            raise DIALECT.cannot_express(f"{kind_of(part)} in a {role.value} message")


def _tool_result(result: ToolResult) -> JsonObject:
    content: list[JsonObject] = []
    for part in result.parts:
        if part.cache is not None:
            raise DIALECT.cannot_express("a cache marker inside a tool's result")
        match part:
            case TextPart():
                if not is_blank(part):
                    content.append({"text": part.text})
            case ImagePart():
                content.append(image_block(part))
            case FilePart(data=bytes(data), media_type="application/json") if (
                len(data) > PARSED_UP_TO
            ):
                content.append({"text": data.decode()})
            case FilePart(data=bytes(data), media_type="application/json"):
                content.append({"json": object_in(data.decode(), "tool_result.parts")})
            case FilePart():
                content.append(document_block(part))
    if result.is_error and not content:
        content.append({"text": FAILED_TOOL})
    encoded: JsonObject = {"toolUseId": result.call_id, "content": content}
    if result.is_error:
        encoded["status"] = "error"
    return {"toolResult": encoded}


def _tool_call(call: ToolCall) -> JsonObject:
    arguments = object_in(call.arguments_json or "{}", "tool_call.arguments_json")
    return {"toolUse": {"toolUseId": call.call_id, "name": call.name, "input": arguments}}


def cache_point(lifetime: CacheLifetime) -> JsonObject:
    """Return the block that ends a prefix for the cache."""
    point: JsonObject = {"type": "default"}
    ttl = CACHE_LIFETIMES[lifetime]
    if ttl is not None:
        point["ttl"] = ttl
    return {"cachePoint": point}
