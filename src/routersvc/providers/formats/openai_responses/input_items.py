"""Writes the conversation as the `input` of a Responses request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import (
    CacheLifetime,
    FilePart,
    ImagePart,
    RefusalPart,
    TextPart,
    ThoughtPart,
    ToolCall,
    ToolResult,
)
from routersvc.providers.formats.openai_responses.dialects import ResponsesDialect
from routersvc.providers.formats.openai_responses.items import CALL_TYPES, CUSTOM_CALL, item_of
from routersvc.providers.reading.json_values import JsonObject, json_object
from routersvc.providers.writing.call_ids import RESPONSES_CALL_ID, with_sound_call_ids
from routersvc.providers.writing.data_urls import data_url
from routersvc.providers.writing.function_tools import FAILED_TOOL_PREFIX
from routersvc.providers.writing.part_kinds import kind_of
from routersvc.providers.writing.turns import refuse_prefill, shortest_content


def encode_input(messages: Sequence[Message], dialect: ResponsesDialect) -> list[JsonObject]:
    """Return the items of a conversation in order: one per message, thought, call and result.

    Raises:
        AttemptFailedError: the dialect cannot express a part.
    """
    refuse_prefill(messages, dialect)
    messages = with_sound_call_ids(messages, RESPONSES_CALL_ID)
    return list(_Conversation(dialect).items(messages))


class _Conversation:
    """Remembers which calls were of which kind, because their results must say it too."""

    def __init__(self, dialect: ResponsesDialect) -> None:
        self._dialect = dialect
        self._custom_calls: set[str] = set()
        self._plain_thoughts = 0

    def items(self, messages: Sequence[Message]) -> Iterator[JsonObject]:
        for message in messages:
            if message.name:
                raise self._dialect.cannot_express("a participant's name")
            match message.role:
                case Role.TOOL:
                    yield from self._results(message)
                case Role.ASSISTANT:
                    yield from self._answer(message)
                case Role.SYSTEM | Role.DEVELOPER | Role.USER:
                    yield self._asking(message)

    def _asking(self, message: Message) -> JsonObject:
        dialect = self._dialect
        role = message.role
        if role is Role.DEVELOPER and not dialect.developer_role:
            role = Role.SYSTEM
        content: list[JsonObject] = []
        for part in message.parts:
            match part:
                case TextPart():
                    content.append(_text(part, dialect))
                case ImagePart() if role is Role.USER:
                    content.append(_image(part, dialect))
                case FilePart() if role is Role.USER:
                    content.append(_file(part, dialect))
                case _:
                    raise dialect.cannot_express(f"{kind_of(part)} in a {role.value} message")
        return {"role": role.value, "content": shortest_content(content)}

    def _answer(self, message: Message) -> Iterator[JsonObject]:
        for part in message.parts:
            match part:
                case TextPart() | RefusalPart():
                    if part.cache is not None:
                        raise self._dialect.cannot_express("a cache marker on an answer")
                    said: JsonObject = {"role": "assistant", "content": part.text}
                    if self._dialect.phases and isinstance(part, TextPart) and part.phase:
                        said["phase"] = part.phase
                    yield said
                case ThoughtPart():
                    thought = self._thought(part)
                    if thought is not None:
                        yield thought
                case ToolCall():
                    yield self._call(part)
                case _:
                    raise self._dialect.cannot_express(f"{kind_of(part)} in an assistant message")
        if not message.parts:
            yield {"role": "assistant", "content": ""}

    def _thought(self, thought: ThoughtPart) -> JsonObject | None:
        """Return a thought as an item; `None` where the vendor would not take it."""
        dialect = self._dialect
        if thought.cache is not None:
            raise dialect.cannot_express("a cache marker on a thought")
        proof = thought.encrypted or thought.signature
        if proof:
            item = item_of(proof)
            if item is not None and ("encrypted_content" not in item or dialect.encrypted_thoughts):
                return item
        if not dialect.plain_thoughts or not thought.text:
            return None
        self._plain_thoughts += 1
        return {
            "type": "reasoning",
            "id": f"rs_{self._plain_thoughts}",
            "summary": [],
            "content": [{"type": "reasoning_text", "text": thought.text}],
        }

    def _call(self, call: ToolCall) -> JsonObject:
        dialect = self._dialect
        if call.cache is not None:
            raise dialect.cannot_express("a cache marker on a tool call")
        rest: JsonObject = {"type": "function_call"}
        if call.signature:
            signed = item_of(call.signature)
            if signed is not None and signed["type"] in CALL_TYPES:
                rest = signed
        arguments = call.arguments_json
        if rest["type"] == CUSTOM_CALL:
            self._custom_calls.add(call.call_id)
            arguments = _free_text(arguments)
        return {
            **rest,
            "call_id": call.call_id,
            "name": call.name,
            CALL_TYPES[rest["type"]]: arguments,
        }

    def _results(self, message: Message) -> Iterator[JsonObject]:
        for part in message.parts:
            if not isinstance(part, ToolResult):
                raise self._dialect.cannot_express(f"{kind_of(part)} in a tool message")
            kind = CUSTOM_CALL if part.call_id in self._custom_calls else "function_call"
            yield {
                "type": f"{kind}_output",
                "call_id": part.call_id,
                "output": shortest_content(self._result(part)),
            }

    def _result(self, result: ToolResult) -> list[JsonObject]:
        dialect = self._dialect
        content: list[JsonObject] = []
        for piece in result.parts:
            match piece:
                case TextPart():
                    content.append(_text(piece, dialect))
                case ImagePart():
                    content.append(_image(piece, dialect))
                case FilePart():
                    content.append(_file(piece, dialect))
        if result.is_error:
            if content and content[0]["type"] == "input_text":
                content[0]["text"] = FAILED_TOOL_PREFIX + content[0]["text"]
            else:
                content.insert(0, {"type": "input_text", "text": FAILED_TOOL_PREFIX})
        if result.cache is not None:
            if not content:
                raise dialect.cannot_express("a cache marker on an empty tool's result")
            _mark_cache(content[-1], result.cache, dialect)
        return content


def _text(part: TextPart, dialect: ResponsesDialect) -> JsonObject:
    return _mark_cache({"type": "input_text", "text": part.text}, part.cache, dialect)


def _image(part: ImagePart, dialect: ResponsesDialect) -> JsonObject:
    dialect.require(Capability.IMAGE_INPUT, "a picture")
    image: JsonObject = {
        "type": "input_image",
        "image_url": part.url if part.url is not None else data_url(part.data, part.media_type),
        "detail": "auto" if part.detail is None else part.detail.value,
    }
    return _mark_cache(image, part.cache, dialect)


def _file(part: FilePart, dialect: ResponsesDialect) -> JsonObject:
    dialect.require(Capability.FILE_INPUT, "a document")
    file: JsonObject = {"type": "input_file"}
    if part.file_id is not None:
        file["file_id"] = part.file_id
    elif part.url is not None:
        file["file_url"] = part.url
    else:
        file["filename"] = part.name or "document"
        file["file_data"] = data_url(part.data, part.media_type)
    return _mark_cache(file, part.cache, dialect)


def _free_text(arguments: str) -> str:
    """Return the text that a custom call was given; the contract holds it in an object."""
    text: object = (json_object(arguments) or {}).get("input")
    return text if isinstance(text, str) else arguments


def _mark_cache(
    part: JsonObject, lifetime: CacheLifetime | None, dialect: ResponsesDialect
) -> JsonObject:
    if lifetime is None:
        return part
    if not dialect.cache_breakpoints:
        raise dialect.cannot_express("a cache marker")
    if lifetime is not CacheLifetime.DEFAULT:
        raise dialect.cannot_express(f"a cache marker with the lifetime `{lifetime.value}`")
    part["prompt_cache_breakpoint"] = {"mode": "explicit"}
    return part
