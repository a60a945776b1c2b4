"""Writes the conversation as `system` and `messages`.

System messages at the beginning are the system prompt; later ones stay where they are. Turns are
the user's and the assistant's; tool results belong to the user.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import (
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
from routersvc.providers.formats.anthropic_messages.dialects import AnthropicDialect
from routersvc.providers.formats.anthropic_messages.media import document_block, image_block
from routersvc.providers.formats.anthropic_messages.thoughts import thought_block
from routersvc.providers.reading.json_values import JsonObject, object_in
from routersvc.providers.writing.part_kinds import kind_of
from routersvc.providers.writing.turns import CACHE_LIFETIMES, SYSTEM_ROLES, leading_system_messages


def encode_messages(
    messages: Sequence[Message], dialect: AnthropicDialect
) -> tuple[list[JsonObject], list[JsonObject]]:
    """Return the blocks of the system prompt, and the turns.

    Raises:
        AttemptFailedError: the dialect cannot express a part.
    """
    begin = leading_system_messages(messages)
    system = [
        block for message in messages[:begin] for block in _blocks(message, "system", dialect)
    ]
    turns: list[JsonObject] = []
    previous: Role | None = None
    for message in messages[begin:]:
        role = _role(message.role, dialect)
        blocks = _blocks(message, role, dialect)
        if not blocks:
            continue
        if message.role is Role.TOOL is previous:
            # The results of parallel calls belong in one turn.
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
        previous = message.role
    if messages[-1].role is Role.ASSISTANT:
        dialect.require(Capability.PREFILL, "the beginning of the answer")
    return system, turns


def _role(role: Role, dialect: AnthropicDialect) -> str:
    if role in SYSTEM_ROLES:
        if not dialect.system_turns:
            raise dialect.cannot_express("a system message in the middle of the conversation")
        return "system"
    return "assistant" if role is Role.ASSISTANT else "user"


def _blocks(message: Message, role: str, dialect: AnthropicDialect) -> list[JsonObject]:
    if message.name:
        raise dialect.cannot_express("a participant's name")
    if role == "system":
        dialect.require(Capability.SYSTEM_PROMPT, "a system prompt")
    blocks: list[JsonObject] = []
    for part in message.parts:
        block = _block(part, message.role, dialect)
        if block is not None:
            blocks.append(block)
    return blocks


def _block(part: Part, role: Role, dialect: AnthropicDialect) -> JsonObject | None:
    match part:
        case TextPart() if role is not Role.TOOL:
            if not part.text and part.cache is None:
                # The vendor refuses empty text.
                return None
            block: JsonObject = {"type": "text", "text": part.text}
        case ImagePart() if role is Role.USER:
            block = image_block(part, dialect)
        case FilePart() if role is Role.USER:
            block = document_block(part, dialect)
        case ToolResult() if role is Role.TOOL:
            block = _tool_result(part, dialect)
        case ToolCall() if role is Role.ASSISTANT:
            block = _tool_call(part, dialect)
        case ThoughtPart() if role is Role.ASSISTANT:
            return thought_block(part, dialect)
        case RefusalPart() if role is Role.ASSISTANT:
            block = {"type": "text", "text": part.text}
        case _:
            raise dialect.cannot_express(f"{kind_of(part)} in a {role.value} message")
    return marked(block, part.cache, dialect)


def _tool_result(result: ToolResult, dialect: AnthropicDialect) -> JsonObject:
    content: list[JsonObject] = []
    for part in result.parts:
        match part:
            case TextPart():
                block: JsonObject = {"type": "text", "text": part.text}
            case ImagePart():
                block = image_block(part, dialect)
            case FilePart():
                block = document_block(part, dialect)
        content.append(marked(block, part.cache, dialect))
    encoded: JsonObject = {"type": "tool_result", "tool_use_id": result.call_id}
    if content:
        encoded["content"] = content
    if result.is_error:
        encoded["is_error"] = True
    return encoded


def _tool_call(call: ToolCall, dialect: AnthropicDialect) -> JsonObject:
    """Write a call; its signature holds who called where that was not the model itself."""
    arguments = object_in(call.arguments_json or "{}", "tool_call.arguments_json")
    encoded: JsonObject = {
        "type": "tool_use",
        "id": call.call_id,
        "name": call.name,
        "input": arguments,
    }
    if call.signature:
        try:
            caller: object = orjson.loads(call.signature)
        except orjson.JSONDecodeError:
            caller = None
        if not isinstance(caller, dict) or "type" not in caller:
            raise dialect.cannot_express("a tool call that another provider signed")
        encoded["caller"] = caller
    return encoded


def marked(
    block: JsonObject, lifetime: CacheLifetime | None, dialect: AnthropicDialect
) -> JsonObject:
    """Return a block with its cache marker, if it has one.

    Raises:
        AttemptFailedError: the service has no cache for prompts.
    """
    if lifetime is not None:
        dialect.require(Capability.PROMPT_CACHE, "a cache marker")
        marker: JsonObject = {"type": "ephemeral"}
        ttl = CACHE_LIFETIMES[lifetime]
        if ttl is not None:
            marker["ttl"] = ttl
        block["cache_control"] = marker
    return block
