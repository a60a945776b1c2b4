"""Converts the messages of a prompt, checked by the rules of `prompt.proto`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from llmrouter.v1 import prompt_pb2
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import (
    AudioPart,
    CacheLifetime,
    FilePart,
    HostedPart,
    ImagePart,
    Part,
    RefusalPart,
    TextPart,
    ThoughtPart,
    ToolCall,
    ToolResult,
)
from routersvc.grpc_api.inbound import enums as enums_in
from routersvc.grpc_api.inbound.citations import citation_of
from routersvc.grpc_api.inbound.hosted_activities import activity_of
from routersvc.grpc_api.inbound.violations import Violations

MAX_NAME_BYTES = 64
MAX_PHASE_BYTES = 256

_ONLY_IN_ASSISTANT = frozenset({"tool_call", "reasoning", "refusal", "hosted_activity"})


def message_of(message: prompt_pb2.Message, path: str, violations: Violations) -> Message | None:
    """Return one turn of the conversation, `None` with a violation if its role is unknown."""
    role = enums_in.ROLES.get(message.role)
    if role is None:
        if message.role == prompt_pb2.ROLE_UNSPECIFIED:
            violations.add(f"{path}.role", "must be set")
        else:
            violations.known(f"{path}.role", message.role, enums_in.ROLES)
        return None
    if not message.parts and role is not Role.ASSISTANT:
        violations.add(f"{path}.parts", "must hold at least one part")
    if not violations.count_parts(path, len(message.parts)):
        return None
    if message.name:
        violations.size(f"{path}.name", message.name, MAX_NAME_BYTES)
    parts: list[Part] = []
    for place, item in enumerate(message.parts):
        kind = item.WhichOneof("content")
        is_plain = kind == "text" and not (
            item.citations or item.phase or item.HasField("cache_marker")
        )
        if is_plain and item.text and role is not Role.TOOL:
            # The common case: no path is built for it.
            parts.append(TextPart(text=item.text))
            continue
        part_path = f"{path}.parts[{place}]"
        if kind is None:
            violations.add(part_path, "must hold exactly one content")
            continue
        if item.citations and not (kind == "text" and role is Role.ASSISTANT):
            violations.add(
                f"{part_path}.citations", "allowed only with `text` in an assistant message"
            )
        if item.phase:
            violations.size(f"{part_path}.phase", item.phase, MAX_PHASE_BYTES)
            if not (kind == "text" and role is Role.ASSISTANT):
                violations.add(
                    f"{part_path}.phase", "allowed only with `text` in an assistant message"
                )
        _check_role(kind, role, part_path, violations)
        parts.append(_part_of(item, kind, part_path, violations))
    return Message(role=role, parts=tuple(parts), name=message.name)


def _part_of(part: prompt_pb2.Part, kind: str, path: str, violations: Violations) -> Part:
    return _KINDS[kind](part, path, cache_lifetime_of(part, path, violations), violations)


def cache_lifetime_of(
    marked: prompt_pb2.Part | prompt_pb2.FunctionTool, path: str, violations: Violations
) -> CacheLifetime | None:
    """Return for how long a part or a tool asks to be kept in the cache, if it does."""
    if not marked.HasField("cache_marker"):
        return None
    return violations.known(
        f"{path}.cache_marker.lifetime", marked.cache_marker.lifetime, enums_in.CACHE_LIFETIMES
    )


def _check_role(kind: str, role: Role, path: str, violations: Violations) -> None:
    if kind in _ONLY_IN_ASSISTANT:
        if role is not Role.ASSISTANT:
            violations.add(f"{path}.{kind}", "allowed in assistant messages only")
    elif kind == "tool_result":
        if role is not Role.TOOL:
            violations.add(f"{path}.{kind}", "allowed in tool messages only")
    elif role is Role.TOOL:
        violations.add(f"{path}.{kind}", "not allowed in a tool message, which has results only")


def _text(
    part: prompt_pb2.Part, path: str, cache: CacheLifetime | None, violations: Violations
) -> TextPart:
    violations.present(f"{path}.text", part.text)
    return TextPart(
        text=part.text,
        cache=cache,
        citations=tuple(citation_of(citation) for citation in part.citations),
        phase=part.phase,
    )


def _image(
    part: prompt_pb2.Part, path: str, cache: CacheLifetime | None, violations: Violations
) -> ImagePart:
    image = part.image
    path = f"{path}.image"
    source = image.WhichOneof("source")
    if source is None:
        violations.add(path, "must hold a url or data")
    elif source == "url":
        violations.address(f"{path}.url", image.url, data=True)
    else:
        violations.present(f"{path}.data", image.data)
    violations.media_type(f"{path}.media_type", image.media_type, required=source == "data")
    return ImagePart(
        url=image.url if source == "url" else None,
        data=image.data if source == "data" else None,
        media_type=image.media_type,
        detail=violations.known(f"{path}.detail", image.detail, enums_in.IMAGE_DETAILS),
        cache=cache,
    )


def _audio(
    part: prompt_pb2.Part, path: str, cache: CacheLifetime | None, violations: Violations
) -> AudioPart:
    audio = part.audio
    path = f"{path}.audio"
    violations.present(f"{path}.data", audio.data)
    violations.media_type(f"{path}.media_type", audio.media_type, required=True)
    return AudioPart(
        data=audio.data, media_type=audio.media_type, transcript=audio.transcript, cache=cache
    )


def _file(
    part: prompt_pb2.Part, path: str, cache: CacheLifetime | None, violations: Violations
) -> FilePart:
    file = part.file
    path = f"{path}.file"
    source = file.WhichOneof("source")
    if source is None:
        violations.add(path, "must hold a url, data or a file_id")
    elif source == "url":
        violations.address(f"{path}.url", file.url, data=False)
    elif source == "data":
        violations.present(f"{path}.data", file.data)
    else:
        violations.present(f"{path}.file_id", file.file_id)
    violations.media_type(f"{path}.media_type", file.media_type, required=source == "data")
    return FilePart(
        url=file.url if source == "url" else None,
        data=file.data if source == "data" else None,
        file_id=file.file_id if source == "file_id" else None,
        media_type=file.media_type,
        name=file.name,
        cache=cache,
    )


def _tool_call(
    part: prompt_pb2.Part, path: str, cache: CacheLifetime | None, violations: Violations
) -> ToolCall:
    call = part.tool_call
    violations.present(f"{path}.tool_call.id", call.id)
    violations.present(f"{path}.tool_call.name", call.name)
    violations.json_text(f"{path}.tool_call.arguments_json", call.arguments_json)
    violations.json_text(f"{path}.tool_call.signature", call.signature)
    return ToolCall(
        call_id=call.id,
        name=call.name,
        arguments_json=call.arguments_json,
        signature=call.signature,
        maker=call.signature_maker,
        cache=cache,
    )


def _tool_result(
    part: prompt_pb2.Part, path: str, cache: CacheLifetime | None, violations: Violations
) -> ToolResult:
    result = part.tool_result
    path = f"{path}.tool_result"
    violations.present(f"{path}.tool_call_id", result.tool_call_id)
    parts: list[TextPart | ImagePart | FilePart] = []
    if not violations.count_parts(path, len(result.parts)):
        return ToolResult(call_id=result.tool_call_id, parts=(), is_error=result.is_error)
    for place, item in enumerate(result.parts):
        item_path = f"{path}.parts[{place}]"
        match item.WhichOneof("content"):
            case None:
                violations.add(item_path, "must hold exactly one content")
            case "text" | "image" | "file" as kind:
                inner = _part_of(item, kind, item_path, violations)
                if isinstance(inner, TextPart | ImagePart | FilePart):
                    parts.append(inner)
            case kind:
                violations.add(f"{item_path}.{kind}", "not allowed in a tool result")
    return ToolResult(
        call_id=result.tool_call_id, parts=tuple(parts), is_error=result.is_error, cache=cache
    )


def _thought(
    part: prompt_pb2.Part, path: str, cache: CacheLifetime | None, violations: Violations
) -> ThoughtPart:
    thought = part.reasoning
    violations.json_text(f"{path}.reasoning.signature", thought.signature)
    violations.json_text(f"{path}.reasoning.encrypted", thought.encrypted)
    return ThoughtPart(
        text=thought.text,
        signature=thought.signature,
        encrypted=thought.encrypted,
        maker=thought.maker,
        cache=cache,
    )


def _refusal(
    part: prompt_pb2.Part,
    path: str,  # noqa: ARG001 - the signature that all kinds share
    cache: CacheLifetime | None,
    violations: Violations,  # noqa: ARG001 - the signature that all kinds share
) -> RefusalPart:
    return RefusalPart(text=part.refusal, cache=cache)


def _hosted(
    part: prompt_pb2.Part, path: str, cache: CacheLifetime | None, violations: Violations
) -> HostedPart:
    activity = activity_of(part.hosted_activity, f"{path}.hosted_activity", violations)
    return HostedPart(activity=activity, cache=cache)


_Kind = Callable[[prompt_pb2.Part, str, CacheLifetime | None, Violations], Part]

_KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        "text": _text,
        "image": _image,
        "audio": _audio,
        "file": _file,
        "tool_call": _tool_call,
        "tool_result": _tool_result,
        "reasoning": _thought,
        "refusal": _refusal,
        "hosted_activity": _hosted,
    }
)
