"""Writes the conversation as `systemInstruction` and `contents`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import orjson

from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import (
    AudioPart,
    FilePart,
    ImagePart,
    RefusalPart,
    TextPart,
    ThoughtPart,
    ToolCall,
    ToolResult,
)
from routersvc.providers.formats.gemini.dialects import GeminiDialect
from routersvc.providers.formats.gemini.hosted_activities import part_of
from routersvc.providers.formats.gemini.media import encode_media
from routersvc.providers.formats.gemini.signatures import Place, returned
from routersvc.providers.reading.json_values import PARSED_UP_TO, JsonObject, object_in
from routersvc.providers.writing.call_ids import ANY_CALL_ID, with_sound_call_ids
from routersvc.providers.writing.part_kinds import kind_of
from routersvc.providers.writing.turns import refuse_prefill

_INSTRUCTING = frozenset({Role.SYSTEM, Role.DEVELOPER})


STAND_IN = "skip_thought_signature_validator"
"""Google's documented stand-in for the signature of a call that was made elsewhere."""

_UNSIGNED_CALLS = re.compile(r"(?:^|/)gemini-[12](?:\.\d)?(?![\d.])|(?:^|/)(?!gemini-)[^/]*$")
"""Models that take calls without a signature: those before Gemini 3, and others than Gemini."""


def wants_signed_calls(model: str) -> bool:
    """Return whether a model, by its name at the provider, refuses calls without a signature."""
    return _UNSIGNED_CALLS.search(model) is None


def encode_conversation(
    messages: Sequence[Message], dialect: GeminiDialect, *, signed: bool = False
) -> JsonObject:
    """Return the fields that hold the conversation; `signed`: calls must have a signature.

    Instructions in the middle of the conversation stay in their place, as words of the user: the
    format has a place for instructions at its beginning only.

    Raises:
        AttemptFailedError: the format cannot express a part, or not in that place.
    """
    instructions: list[JsonObject] = []
    contents: list[JsonObject] = []
    names: dict[str, str] = {}
    for message in with_sound_call_ids(messages, ANY_CALL_ID):
        if message.name:
            raise dialect.cannot_express("a participant's name")
        if message.role in _INSTRUCTING and not contents:
            instructions += _instruction(message, dialect)
        elif message.role in _INSTRUCTING:
            contents.append({"role": "user", "parts": _instruction(message, dialect)})
        else:
            _add_turn(contents, message, _content(message, names, dialect, signed=signed))
    refuse_prefill(messages, dialect)
    fields: JsonObject = {"contents": contents}
    if instructions:
        fields["systemInstruction"] = {"parts": instructions}
    return fields


def _instruction(message: Message, dialect: GeminiDialect) -> list[JsonObject]:
    parts: list[JsonObject] = []
    for part in message.parts:
        if not isinstance(part, TextPart):
            raise dialect.cannot_express(f"{kind_of(part)} in a {message.role.value} message")
        parts.append(_text(part, dialect))
    return parts


def _add_turn(contents: list[JsonObject], message: Message, content: JsonObject) -> None:
    """Append a turn that says something; results of parallel calls belong in one turn."""
    if not content["parts"]:
        return
    if message.role is Role.TOOL and contents:
        last = contents[-1]
        if last["role"] == "user" and all("functionResponse" in part for part in last["parts"]):
            last["parts"] += content["parts"]
            return
    contents.append(content)


def _content(
    message: Message, names: dict[str, str], dialect: GeminiDialect, *, signed: bool
) -> JsonObject:
    """Return one turn; the names of its calls are recorded for their results."""
    match message.role:
        case Role.ASSISTANT:
            parts = _answer_parts(message, names, dialect)
            if signed:
                _sign_first_call(parts)
            return {"role": "model", "parts": parts}
        case Role.TOOL:
            return {"role": "user", "parts": _result_parts(message, names, dialect)}
        case _:
            return {"role": "user", "parts": _asking_parts(message, dialect)}


def _asking_parts(message: Message, dialect: GeminiDialect) -> list[JsonObject]:
    parts: list[JsonObject] = []
    for part in message.parts:
        match part:
            case TextPart():
                parts.append(_text(part, dialect))
            case ImagePart() | AudioPart() | FilePart():
                parts.append(encode_media(part, dialect))
            case _:
                raise dialect.cannot_express(f"{kind_of(part)} in a user message")
    return parts


def _answer_parts(
    message: Message, names: dict[str, str], dialect: GeminiDialect
) -> list[JsonObject]:
    parts: list[JsonObject] = []
    elsewhere: list[tuple[str, Place]] = []
    for part in message.parts:
        if part.cache is not None:
            raise dialect.cannot_express("a cache marker")
        match part:
            case TextPart():
                parts.append({"text": part.text})
            case RefusalPart():
                parts.append({"text": part.text})
            case ToolCall():
                names[part.call_id] = part.name
                parts.append(_call(part))
            case ThoughtPart():
                parts += _thought(part, elsewhere)
            case ImagePart() | AudioPart():
                parts.append(encode_media(part, dialect))
            case _:
                raise dialect.cannot_express(f"{kind_of(part)} in an assistant message")
    for signature, place in elsewhere:
        _sign(parts, signature, place)
    return parts


def _sign_first_call(parts: list[JsonObject]) -> None:
    """Put the stand-in on the first call of a turn, which alone must be signed."""
    for part in parts:
        if "functionCall" in part:
            part.setdefault("thoughtSignature", STAND_IN)
            return


def _thought(thought: ThoughtPart, elsewhere: list[tuple[str, Place]]) -> list[JsonObject]:
    activity = part_of(thought.encrypted) if thought.encrypted else None
    if activity is not None:
        return [activity]
    encoded: JsonObject = {"thought": True}
    if thought.text:
        encoded["text"] = thought.text
    found = returned(thought.signature)
    if found is not None:
        signature, place = found
        if place is None:
            encoded["thoughtSignature"] = signature
            return [encoded]
        elsewhere.append((signature, place))
    return [encoded] if thought.text else []


def _sign(parts: list[JsonObject], signature: str, place: Place) -> None:
    """Put a signature on the last part of its kind that has none, or on an empty text."""
    kind = "text" if place is Place.TEXT else "inlineData"
    for part in reversed(parts):
        if kind in part and "thought" not in part and "thoughtSignature" not in part:
            part["thoughtSignature"] = signature
            return
    parts.append({"text": "", "thoughtSignature": signature})


def _call(call: ToolCall) -> JsonObject:
    arguments = object_in(call.arguments_json or "{}", f"tool_call[{call.name}].arguments_json")
    encoded: JsonObject = {
        "functionCall": {"id": call.call_id, "name": call.name, "args": arguments}
    }
    found = returned(call.signature)
    if found is not None and found[1] is None:
        encoded["thoughtSignature"] = found[0]
    return encoded


def _result_parts(
    message: Message, names: Mapping[str, str], dialect: GeminiDialect
) -> list[JsonObject]:
    parts: list[JsonObject] = []
    for part in message.parts:
        if not isinstance(part, ToolResult):
            raise dialect.cannot_express(f"{kind_of(part)} in a tool message")
        if part.cache is not None:
            raise dialect.cannot_express("a cache marker")
        name = names.get(part.call_id)
        if name is None:
            raise dialect.cannot_express("the result of a call that the conversation does not hold")
        parts.append({"functionResponse": _response(part, name, dialect)})
    return parts


def _response(result: ToolResult, name: str, dialect: GeminiDialect) -> JsonObject:
    """Return a result; one that is not a JSON object goes into the field that Google reads."""
    texts: list[str] = []
    media: list[JsonObject] = []
    for part in result.parts:
        if isinstance(part, TextPart):
            texts.append(_text(part, dialect)["text"])
        else:
            media.append(encode_media(part, dialect))
    text = "".join(texts)
    response: JsonObject = {"id": result.call_id, "name": name}
    if result.is_error:
        response["response"] = {"error": text}
    else:
        value = _object(text)
        response["response"] = {"output": text} if value is None else value
    if media:
        response["parts"] = media
    return response


def _object(text: str) -> JsonObject | None:
    """Return the JSON object in `text`, if it is one of moderate size."""
    if len(text) > PARSED_UP_TO or not text.lstrip().startswith("{"):
        return None
    try:
        value: JsonObject = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value


def _text(part: TextPart, dialect: GeminiDialect) -> JsonObject:
    if part.cache is not None:
        raise dialect.cannot_express("a cache marker")
    return {"text": part.text}
